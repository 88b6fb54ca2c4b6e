// Bundles the player page into dist/. Product code only: the peer of the benchmarks has its own build (peer.mjs).
import { copyFileSync, mkdirSync } from "node:fs";
import { build } from "esbuild";

mkdirSync("dist", { recursive: true });
await build({
  entryPoints: ["src/main.ts"],
  outfile: "dist/player.js",
  bundle: true,
  format: "iife",
  target: "chrome122",
  minify: true,
  legalComments: "linked",
  logLevel: "warning",
});
copyFileSync("src/player.html", "dist/player.html");
