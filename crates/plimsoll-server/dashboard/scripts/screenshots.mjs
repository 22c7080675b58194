// Takes the pictures of the README: the page over a running shop. MINUTES= says how long its customers come first (default 14).
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ask, browser, program, sleep, world } from "../test/world.mjs";

const folder = fileURLToPath(new URL("../../../../docs/screenshots/", import.meta.url));
const minutes = Number(process.env.MINUTES ?? 14);
mkdirSync(folder, { recursive: true });

const w = await world();
const chrome = await browser();
const customers = [];
const come = (shop, rate, seconds) => {
  const args = ["--url", shop.url, "--rate", String(rate), "--day", "240", "--duration", String(seconds)];
  customers.push(spawn(program("traffic"), args, { stdio: "ignore" }));
};

async function picture(name, path, how = {}) {
  const { width = 1440, height = 900, scheme = "light", full = true } = how;
  const context = await chrome.newContext({
    viewport: { width, height },
    deviceScaleFactor: 1.5,
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  await page.goto(w.url + path);
  await page.locator("h1").waitFor();
  // The charts and the small lines come with further answers.
  await sleep(4_000);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: full });
  await context.close();
}

try {
  await picture("connect", "/connect?with=python");
  const shop = await w.shop();
  const staging = await w.shop({ OTEL_SERVICE_NAME: "shop-staging" });
  await ask(shop, "/products/1", 1);
  come(shop, 20, minutes * 60);
  come(staging, 2, Math.max(60, (minutes - 4) * 60));
  await sleep(Math.max(60, (minutes - 4) * 60) * 1_000);
  await staging.stop();
  await sleep(minutes * 60_000 - Math.max(60, (minutes - 4) * 60) * 1_000);
  await picture("services", "/");
  await picture("service-light", "/services/shop?range=15m");
  await picture("service-dark", "/services/shop?range=15m", { scheme: "dark" });
  await picture("service-390", "/services/shop?range=15m", { width: 390, height: 844 });
} finally {
  for (const one of customers) one.kill();
  await chrome.close();
  await w.end();
}
