// Reproduces Error: Minified React error #31; visit https://react.dev/errors/31?args[]=object%20with%20keys%20%7Bnot%7D for the full message or use the non-minified dev environment for full errors and additional helpful warnings.
// of session rec-0778eea8d5f34b2d, 2026-11-20T20:37:23.892Z to 2026-11-20T20:37:27.024Z. Made by Replay Viewer; redaction: strict.
//
//   npx playwright test shop_crash_rrweb.spec.mjs
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

test.use({ viewport: { width: 1280, height: 800 } });

test("Error: Minified React error #31; visit https://react.dev/errors/31?args[]=object%20with%20keys%20%7Bnot%7D for the full message or use the non-minified dev environment for full errors and additional helpful warnings.", async ({ page }, testInfo) => {
  // The page's clock starts where the customer's stood; it runs on by itself.
  await page.addInitScript((shift) => {
    const Real = Date;
    const now = () => Real.now() + shift;
    globalThis.Date = new Proxy(Real, {
      construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
      apply: () => new Real(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
  }, 1795207043892 - Date.now());
  if (process.env.REPLAY_NETWORK !== "live") {
    const har = readFileSync(fileURLToPath(new URL("./shop_crash_rrweb.har", import.meta.url)), "utf8");
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

  // Clicked button “Add to cart”
  await expect(page.getByText("A juniper chair for every room.", { exact: true })).toBeVisible();
  await page.locator("main > section > div.grid > article.card:nth-of-type(2) > div.row > button").click();

  // Clicked link “Lab”
  await expect(page.getByText("Birch chair added to cart", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Lab", exact: true }).click();

  // Clicked button “Crash React”
  await expect(page.getByText("Unhandled rejection", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Crash React", exact: true }).click();

  await test.step("Error: Minified React error #31; visit https://react.dev/errors/31?args[]=object%20with%20keys%20%7Bnot%7D for the full message or use the non-minified dev environment for full errors and additional helpful warnings.", async () => {
    const happened = () => seen.some((line) => line.startsWith("error ") && line.includes("Minified React error #31; visit https://react.dev/errors/31?args[]=object%20with%20keys%20%7Bnot%7D for the full message or use the non-minified dev environment for full errors and additional helpful warnings."));
    if (process.env.REPLAY_EXPECT === "fixed") {
      await expect.poll(happened, { timeout: 3_000 }).toBe(true).then(
        () => { throw new Error(`the recorded failure still happens: ${"Error: Minified React error #31; visit https://react.dev/errors/31?args[]=object%20with%20keys%20%7Bnot%7D for the full message or use the non-minified dev environment for full errors and additional helpful warnings."}`); },
        () => {},
      );
      expect(happened(), "the recorded failure still happens").toBe(false);
    } else {
      await expect.poll(happened, { message: "the recorded failure did not happen", timeout: 5_000 }).toBe(true);
    }
  });
});
