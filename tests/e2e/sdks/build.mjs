// Bundles the demo shop's Sentry recorder once with each version of the SDK, into dist/sentryN.min.js.
import { mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const versions = { 7: "./sentry7.js", 8: "sentry8", 9: "sentry9", 10: "sentry10" };

await rm("dist", { recursive: true, force: true });
await mkdir("dist");
for (const [version, source] of Object.entries(versions)) {
  await build({
    entryPoints: ["../../../resources/demo/src/record-sentry.js"],
    outfile: `dist/sentry${version}.min.js`,
    alias: { "@sentry/browser": source },
    nodePaths: ["node_modules"],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2020",
    legalComments: "none",
    logLevel: "warning",
  });
}
