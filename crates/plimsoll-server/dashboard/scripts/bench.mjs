// Measures the page: see bench/page/README.md.
import { ask, browser, sleep, world } from "../test/world.mjs";

const rounds = Number(process.env.ROUNDS ?? 9);
const updates = Number(process.env.UPDATES ?? 10);
const WINDOW_MS = 10_000;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Notes when the first row of the list is drawn and the browser has time again. */
function noteFirstRow() {
  const seen = new MutationObserver(() => {
    if (!document.querySelector("[data-row]")) return;
    seen.disconnect();
    requestAnimationFrame(() =>
      setTimeout(() => {
        window.interactiveMs = performance.now();
      }),
    );
  });
  seen.observe(document, { childList: true, subtree: true });
}

/** Milliseconds and bytes of a first visit. */
async function firstView(chrome, url) {
  const context = await chrome.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(noteFirstRow);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto(url);
  await page.waitForFunction(() => window.interactiveMs !== undefined);
  await sleep(1_000);
  const ms = await page.evaluate(() => window.interactiveMs);
  await context.close();
  return { ms, bytes };
}

/** Milliseconds from a request until the number of its row is another. */
async function update(page, shop) {
  const number = page.locator('[data-row="GET /products/{id}"] [title*="in 5 min"]');
  const before = await number.getAttribute("title");
  const asked = performance.now();
  await ask(shop, "/products/1", 1);
  await page.waitForFunction(
    ([row, title]) => document.querySelector(row)?.getAttribute("title") !== title,
    ['[data-row="GET /products/{id}"] [title*="in 5 min"]', before],
    { polling: 20, timeout: 60_000 },
  );
  return performance.now() - asked;
}

const w = await world();
const chrome = await browser();
try {
  const shop = await w.shop();
  for (const path of ["/products/1", "/orders", "/search?q=a", "/recommendations"]) await ask(shop, path, 20);
  const known = async () => (await (await fetch(`${w.url}/api/v1/services`)).text()).includes('"shop"');
  while (!(await known())) await sleep(200);

  const views = [];
  for (let round = 0; round < rounds; round += 1) views.push(await firstView(chrome, w.url));
  console.log(`first view: ${views.map(({ ms }) => Math.round(ms)).join(" ")} ms`);
  const interactive = median(views.map(({ ms }) => ms));
  const kilobytes = median(views.map(({ bytes }) => bytes)) / 1_000;

  const page = await chrome.newPage();
  await page.goto(`${w.url}/services/shop`);
  await page.locator('[data-row="GET /products/{id}"]').waitFor();
  const took = [];
  for (let at = 0; at < updates; at += 1) {
    const into = (at / updates) * WINDOW_MS;
    const now = Date.now() % WINDOW_MS;
    await sleep((into - now + WINDOW_MS) % WINDOW_MS);
    took.push(await update(page, shop));
  }
  console.log(`until a row moved: ${took.map(Math.round).join(" ")} ms, at most ${Math.round(Math.max(...took))} ms`);
  console.log(`figure page_interactive_ms ${interactive.toFixed(0)} ms`);
  console.log(`figure page_first_kb ${kilobytes.toFixed(1)} kB`);
  console.log(`figure page_update_ms ${median(took).toFixed(0)} ms`);
} finally {
  await chrome.close();
  await w.end();
}
