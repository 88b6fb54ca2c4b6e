// Reproduces TypeError: Cannot read properties of undefined (reading 'total')
// of session 692a9e989eda3475bfe24c126cccfc31, 2026-11-21T04:15:37.392Z to 2026-11-21T04:16:00.055Z. Made by Replay Viewer; redaction: strict.
//
//   npx playwright test checkout-502.spec.mjs
//
// BASE_URL         another address of the site (recorded: http://shop.localhost)
// REPLAY_EXPECT    "failure" (default): passes when the recorded failure happens; "fixed": passes when it does not
// REPLAY_NETWORK   "recorded" (default): what was recorded answers; "live": the site does
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";

const RECORDED = "http://shop.localhost";
const BASE = (process.env.BASE_URL ?? RECORDED).replace(/\/+$/, "");
const at = (url) => (url.startsWith(RECORDED) ? BASE + url.slice(RECORDED.length) : url);

// BLANKS: these values are not in the recording, or may not leave it. Fill them in.
const BLANKS = {
  "E-mail": "", // redacted
  "Name": "", // redacted
  "Street and number": "", // redacted
  "Card number": "", // masked in the recording
  "Code": "", // masked in the recording
};

test.use({ viewport: { width: 1280, height: 713 }, locale: "en-US", timezoneId: "Asia/Tokyo" });

test("TypeError: Cannot read properties of undefined (reading 'total')", async ({ page }, testInfo) => {
  // The page's clock starts where the customer's stood; it runs on by itself.
  await page.addInitScript((shift) => {
    const Real = Date;
    const now = () => Real.now() + shift;
    globalThis.Date = new Proxy(Real, {
      construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
      apply: () => new Real(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    });
  }, 1795234537392 - Date.now());
  if (process.env.REPLAY_NETWORK !== "live") {
    const har = readFileSync(fileURLToPath(new URL("./checkout-502.har", import.meta.url)), "utf8");
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

  // Open http://shop.localhost/
  await page.goto(at("http://shop.localhost/"));

  // Clicked button “By price”
  await expect(page.getByText("Hand-turned oak, mouth-blown glass, and a bulb that outlives the cat.", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "By price", exact: true }).click();

  // Clicked link “Comet Tripod, opal globe € 219.00”
  await page.getByRole("link", { name: new RegExp("^Comet\\s*Tripod,\\s*opal\\s*globe\\s*€\\s*219\\.00$", 'i') }).click();

  // Clicked button “Add to cart”
  await expect(page.getByText("Add to cart", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Add to cart", exact: true }).click();

  // Clicked link “Go to cart”
  await expect(page.getByText("Go to cart", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Go to cart", exact: true }).click();

  // The page http://shop.localhost/cart.html opens
  await page.waitForURL(at("http://shop.localhost/cart.html"));

  // Clicked button “one more”
  await expect(page.getByText("Delivery and returns", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "one more", exact: true }).click();

  // Clicked button “one less”
  await page.getByRole("button", { name: "one less", exact: true }).click();

  // Typed “WELCOM10” in “Voucher”
  await page.getByRole("textbox", { name: "Voucher", exact: true }).fill("WELCOM10");

  // Clicked button “Apply”
  await page.getByRole("button", { name: "Apply", exact: true }).click();

  // Reload the page
  await expect(page.getByText("We do not know this voucher.", { exact: true })).toBeVisible();
  await page.reload();

  // Typed “WELCOME10” in “Voucher”
  await expect(page.getByText("Delivery and returns", { exact: true })).toBeVisible();
  await page.getByRole("textbox", { name: "Voucher", exact: true }).fill("WELCOME10");

  // Clicked button “Apply”
  await page.getByRole("button", { name: "Apply", exact: true }).click();

  // Clicked link “Checkout”
  await expect(page.getByText("Voucher WELCOME10", { exact: true })).toBeVisible();
  await page.getByRole("link", { name: "Checkout", exact: true }).click();

  // The page http://shop.localhost/checkout.html opens
  await page.waitForURL(at("http://shop.localhost/checkout.html"));

  // fill in E-mail
  await expect(page.getByText("Voucher WELCOME10", { exact: true })).toBeVisible();
  await page.getByRole("textbox", { name: "E-mail", exact: true }).fill(BLANKS["E-mail"]);

  // fill in Name
  await page.getByRole("textbox", { name: "Name", exact: true }).fill(BLANKS["Name"]);

  // fill in Street and number
  await page.getByRole("textbox", { name: "Street and number", exact: true }).fill(BLANKS["Street and number"]);

  // fill in Card number
  await page.getByRole("textbox", { name: "Card number", exact: true }).fill(BLANKS["Card number"]);

  // fill in Code
  await page.getByRole("textbox", { name: "Code", exact: true }).fill(BLANKS["Code"]);

  // Checked “I accept the terms”
  await page.getByRole("checkbox", { name: "I accept the terms", exact: true }).check();

  // Clicked button “Place order”
  await page.getByRole("button", { name: "Place order", exact: true }).click();

  await test.step("TypeError: Cannot read properties of undefined (reading 'total')", async () => {
    const happened = () => seen.some((line) => line.startsWith("error ") && line.includes("Cannot read properties of undefined (reading 'total')"));
    if (process.env.REPLAY_EXPECT === "fixed") {
      await expect.poll(happened, { timeout: 3_000 }).toBe(true).then(
        () => { throw new Error(`the recorded failure still happens: ${"TypeError: Cannot read properties of undefined (reading 'total')"}`); },
        () => {},
      );
      expect(happened(), "the recorded failure still happens").toBe(false);
    } else {
      await expect.poll(happened, { message: "the recorded failure did not happen", timeout: 5_000 }).toBe(true);
    }
  });
});
