// Bundles the demo shop into dist/: the pages, the shop's own code with its source map, and the two recorders.
// The shop is bundled apart from the recorders so that its source map holds nothing but its own sources.
import { cp, mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const shared = { bundle: true, minify: true, target: "es2020", logLevel: "warning", format: "iife", legalComments: "none" };

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
await cp("site", "dist", { recursive: true });
await build({ ...shared, entryPoints: ["src/shop/main.js"], outfile: "dist/shop.min.js", sourcemap: true });
await build({ ...shared, entryPoints: ["src/record-rrweb.js"], outfile: "dist/record-rrweb.min.js" });
await build({ ...shared, entryPoints: ["src/record-sentry.js"], outfile: "dist/record-sentry.min.js" });
