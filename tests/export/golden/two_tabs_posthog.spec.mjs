// Reproduces what the customer did
// of session 01a1faa8-1fd9-7e2a-b7c0-65e02613b3ad, 2026-11-20T20:31:24.803Z to 2026-11-20T20:31:39.000Z. Made by Replay Viewer; redaction: strict.
//
//   npx playwright test two_tabs_posthog.spec.mjs
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

// BLANKS: these values are not in the recording, or may not leave it. Fill them in.
const BLANKS = {
  "Search products…": "", // masked in the recording
};

test.use({ viewport: { width: 1280, height: 800 }, locale: "en-US", timezoneId: "UTC" });

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
  }, 1795206684803 - Date.now());
  if (process.env.REPLAY_NETWORK !== "live") {
    const har = readFileSync(fileURLToPath(new URL("./two_tabs_posthog.har", import.meta.url)), "utf8");
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

  // Open http://127.0.0.1:4100/shop/
  await page.goto(at("http://127.0.0.1:4100/shop/"));

  // fill in Search products…
  await expect(page.getByText("A juniper chair for every room.", { exact: true })).toBeVisible();
  await page.getByRole("searchbox", { name: "Search products…", exact: true }).fill(BLANKS["Search products…"]);

  // The page http://127.0.0.1:4100/mkdocs/guide/ opens
  await page.waitForURL(at("http://127.0.0.1:4100/mkdocs/guide/"));

  // Clicked button “Add to cart”
  await expect(page.getByText("A yarrow rug for every room.", { exact: true })).toBeVisible();
  await page.locator("main > section > div.grid > article.card:nth-of-type(1) > div.row > button").click();

  // The recording has no failure to assert.
});
