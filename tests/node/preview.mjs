// Opens a preview in an installed Chromium, scrolls to a post, saves files as it is told to, and prints as JSON what
// that did: how long it took until the words could be seen, and how far what the reader looked at moved.
//
//     node tests/node/preview.mjs CHROMIUM ADDRESS STEPS
//
// STEPS is JSON: [{file, text, watch: id of an element, words, stay: id of the post that the reader looks at}, ...]
import { writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [, , executablePath, address, steps] = process.argv;
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"];
const browser = await chromium.launch({ executablePath, args });
const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
const complaints = [];
page.on("console", (message) => complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
await page.goto(address);
const found = [];
for (const { file, text, watch, words, stay } of JSON.parse(steps)) {
  await page.evaluate((id) => document.getElementById(id)?.scrollIntoView(), stay);
  await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
  const where = (id) => page.evaluate((id) => document.getElementById(id)?.getBoundingClientRect().top, id);
  const top = await where(stay);
  // Seen is what was painted: the frame after the one in which the words came.
  const seen = page.evaluate(([id, words]) => new Promise((seen) => {
    const look = () => {
      if (!document.getElementById(id)?.textContent.includes(words)) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => seen(Date.now())));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true });
  }), [watch, words]);
  const began = Date.now();
  writeFileSync(file, text);
  found.push({ milliseconds: (await seen) - began, moved: (await where(stay)) - top, scrolled: await page.evaluate(() => window.scrollY) });
}
await browser.close();
console.log(JSON.stringify({ steps: found, complaints }));
