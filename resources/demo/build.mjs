// Bundles the demo shop into dist/: the pages, the shop's own code with its source map, and the three recorders.
// dist/static/ holds the scripts that posthog-js loads on demand; the collector serves them to any site.
// The shop is bundled apart from the recorders so that its source map holds nothing but its own sources.
import { copyFile, cp, mkdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const shared = { bundle: true, minify: true, target: "es2020", logLevel: "warning", format: "iife", legalComments: "none" };

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
await cp("site", "dist", { recursive: true });
await build({ ...shared, entryPoints: ["src/shop/main.js"], outfile: "dist/shop.min.js", sourcemap: true });
await build({ ...shared, entryPoints: ["src/record-rrweb.js"], outfile: "dist/record-rrweb.min.js" });
await build({ ...shared, entryPoints: ["src/record-sentry.js"], outfile: "dist/record-sentry.min.js" });
await build({ ...shared, entryPoints: ["src/record-posthog.js"], outfile: "dist/record-posthog.min.js" });

const onDemand = [
  "array",
  "posthog-recorder",
  "lazy-recorder",
  "recorder",
  "recorder-v2",
  "exception-autocapture",
  "dead-clicks-autocapture",
  "web-vitals",
  "web-vitals-with-attribution",
  "web-vitals-soft-navs",
  "web-vitals-with-attribution-soft-navs",
  "tracing-headers",
  "surveys",
];
await mkdir("dist/static");
for (const name of onDemand) await copyFile(`node_modules/posthog-js/dist/${name}.js`, `dist/static/${name}.js`);
