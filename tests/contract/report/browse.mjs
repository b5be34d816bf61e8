// Opens a report in Chromium and prints what a reader would meet, as JSON.
//
//   node browse.mjs FILE CHROMIUM [FOLDER]     FOLDER takes the screenshots
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(resolve("package.json"));
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core");

const [file, executablePath, folder] = process.argv.slice(2);
const VIEWS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
  "dark phone": { colorScheme: "dark", viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true },
};

async function tabbed(page) {
  const all = await page.evaluate(() => {
    const found = document.querySelectorAll("a[href], summary, [tabindex='0']");
    return [...found].filter((each) => each.checkVisibility()).length;
  });
  const reached = new Set();
  for (let press = 0; press < all; press += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => [...document.querySelectorAll("*")].indexOf(document.activeElement)));
  }
  return { all, reached: reached.size };
}

async function look(browser, name) {
  // axe needs to be let in; whether the page's own policy lets the page be is seen without axe.
  const found = { messages: [], requests: [] };
  const plain = await browser.newContext(VIEWS[name]);
  const page = await plain.newPage();
  page.on("console", (message) => found.messages.push(message.text()));
  page.on("pageerror", (error) => found.messages.push(String(error)));
  page.on("request", (request) => found.requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  found.background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  found.widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  if (folder) await page.screenshot({ path: resolve(folder, `${name}.png`), fullPage: true });
  found.keyboard = await tabbed(page);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  found.openWidths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("a[download]")]);
  found.download = download.suggestedFilename();
  await plain.close();

  const open = await browser.newContext({ ...VIEWS[name], bypassCSP: true });
  const checked = await open.newPage();
  await checked.goto(pathToFileURL(file).href);
  await checked.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  await checked.addScriptTag({ path: axe });
  const { violations } = await checked.evaluate(() => window.axe.run());
  found.violations = violations.map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 200)} ${each.nodes[0].failureSummary}`);
  await open.close();
  return found;
}

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const seen = {};
  for (const name of Object.keys(VIEWS)) seen[name] = await look(browser, name);
  console.log(JSON.stringify(seen, null, 1));
} finally {
  await browser.close();
}
