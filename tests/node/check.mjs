// Opens the page at an address in an installed Chromium, light and dark, on a desk and on a phone, and prints as
// JSON what a person may stumble over there: what axe-core finds, what sticks out to the side, which pictures are cut
// without a word, how high the tallest is, what it asked for.
//
//     node tests/node/check.mjs CHROMIUM ADDRESS [FOLDER FOR PICTURES]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [, , executablePath, address, pictures] = process.argv;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath, args });
const found = [];
for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [390, "light"], [390, "dark"]]) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
  const page = await context.newPage();
  const asked = [], complaints = [];
  page.on("request", (request) => request.url().startsWith("data:") || asked.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  const sticks_out = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  const cropped = await page.evaluate(() => [...document.querySelectorAll(".one .shot, .row .shot")].filter((each) => {
    const [wide, high] = each.style.getPropertyValue("--shape").split("/").map(Number);
    return Math.abs(each.offsetWidth * high - each.offsetHeight * wide) > 2 * Math.max(wide, high);
  }).map((each) => `${each.style.cssText}: ${each.offsetWidth} x ${each.offsetHeight}`));
  const tallest = await page.evaluate(() => Math.max(0, ...[...document.querySelectorAll(".shot")].map((each) => each.offsetHeight)));
  if (pictures) await page.screenshot({ path: `${pictures}/${width}-${colorScheme}.png`, fullPage: true });
  // The page's own policy lets no script in; what looks at it comes by the debugger.
  const { violations } = await (async () => {
    const session = await context.newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: axe });
    const run = { expression: "axe.run(document, {resultTypes: ['violations']})", awaitPromise: true, returnByValue: true };
    return (await session.send("Runtime.evaluate", run)).result.value;
  })();
  found.push({
    width, colorScheme, sticks_out, cropped, tallest, asked, complaints,
    violations: violations.map((each) => `${each.id}: ${each.help}: ${each.nodes[0].html}: ${each.nodes[0].failureSummary}`),
  });
  await context.close();
}
await browser.close();
console.log(JSON.stringify(found));
