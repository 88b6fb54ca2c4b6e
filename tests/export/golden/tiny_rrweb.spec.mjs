// Reproduces what the customer did
// of session rec-681d815a4e7552c1, 2026-11-20T20:11:13.984Z to 2026-11-20T20:11:20.245Z. Made by Replay Viewer; redaction: strict.
//
//   npx playwright test tiny_rrweb.spec.mjs
//
// BASE_URL         another address of the site (recorded: http://127.0.0.1:4100)
// REPLAY_EXPECT    "failure" (default): passes when the recorded failure happens; "fixed": passes when it does not
// REPLAY_NETWORK   "recorded" (default): what was recorded answers; "live": the site does
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";

const RECORDED = "http://127.0.0.1:4100";
const BASE = (process.env.BASE_URL ?? RECORDED).replace(/\/+$/, "");
const at = (url) => (url.startsWith(RECORDED) ? BASE + url.slice(RECORDED.length) : url);

test.use({ viewport: { width: 900, height: 600 } });

test("what the customer did", async ({ page }, testInfo) => {
  // The page's clock starts where the customer's stood; it runs on by itself.
  await page.addInitScript((shift) => {
    const Real = Date;
    const now = () => Real.now() + shift;
    globalThis.Date = new Proxy(Real, {
      construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
      apply: () => new Real(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
  }, 1795205473984 - Date.now());
  if (process.env.REPLAY_NETWORK !== "live") {
    const har = readFileSync(fileURLToPath(new URL("./tiny_rrweb.har", import.meta.url)), "utf8");
    const local = testInfo.outputPath("network.har");
    const body = JSON.parse(har);
    for (const entry of body.log.entries) entry.request.url = at(entry.request.url);
    writeFileSync(local, JSON.stringify(body));
    // What was not recorded with its body (pages, scripts, styles) comes from the site.
    await page.routeFromHAR(local, { notFound: "fallback" });
  }
  const seen = [];
  page.on("pageerror", (error) => seen.push(`error ${error.name}: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && seen.push(`console ${message.text()}`));
  page.on("response", (answer) =>
    seen.push(`request ${answer.request().method()} ${new URL(answer.url()).pathname} ${answer.status()}`));
  page.on("requestfailed", (request) =>
    seen.push(`request ${request.method()} ${new URL(request.url()).pathname} 0`));

  // Open http://127.0.0.1:4100/tiny.html
  await page.goto(at("http://127.0.0.1:4100/tiny.html"));

  // Typed “Grace” in “name”
  await expect(page.getByText("Count", { exact: true })).toBeVisible();
  await page.getByRole("textbox", { name: "name", exact: true }).fill("Grace");

  // Clicked button “Count”
  await page.getByRole("button", { name: "Count", exact: true }).click();

  // Clicked button “Count”
  await expect(page.getByText("Hello Grace", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Count", exact: true }).click();

  // Clicked button “Count”
  await page.getByRole("button", { name: "Count", exact: true }).click();

  // The recording has no failure to assert.
});
