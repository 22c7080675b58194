// Takes the pictures of the README from a demo that has run for a quarter of an hour: `make demo`, later this beside it.
// Usage: node scripts/screenshots.mjs [URL]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { browser, sleep } from "../test/world.mjs";

const url = process.argv[2] ?? "http://127.0.0.1:1876";
const folder = fileURLToPath(new URL("../../../../docs/screenshots/", import.meta.url));
mkdirSync(folder, { recursive: true });

const chrome = await browser();

async function picture(name, path, how = {}) {
  const { width = 1440, height = 900, scheme = "light" } = how;
  const context = await chrome.newContext({
    viewport: { width, height },
    deviceScaleFactor: 1.5,
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  await page.goto(url + path);
  await page.locator("h1").waitFor();
  // The small lines come with further answers, the charts when they are scrolled to.
  await sleep(2_000);
  const when = page.locator("#when");
  if ((await when.count()) > 0) await when.scrollIntoViewIfNeeded();
  await sleep(2_000);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await context.close();
}

try {
  await picture("services", "/");
  await picture("service-light", "/services/shop?range=15m");
  await picture("service-dark", "/services/shop?range=15m", { scheme: "dark" });
  await picture("service-390", "/services/shop?range=15m", { width: 390, height: 844 });
  await picture("python", "/services/warehouse?range=15m");
  await picture("connect", "/connect?with=python");
} finally {
  await chrome.close();
}
