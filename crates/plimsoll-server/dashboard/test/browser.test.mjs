// The page in a browser, against the server and the shop as they run.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { accessible } from "./axe.mjs";
import { ask, browser, sleep, world } from "./world.mjs";

let w;
let shop;
let chrome;
let context;
let page;
/** What the console said against us, and who else was asked. */
let faults;
let foreign;

before(async () => {
  w = await world();
  chrome = await browser();
  shop = await w.shop();
  await ask(shop, "/products/1", 3);
  await ask(shop, "/orders", 2);
});

after(async () => {
  await chrome?.close();
  await w?.end();
});

beforeEach(async () => {
  await context?.close();
  context = await chrome.newContext({ viewport: { width: 1440, height: 900 } });
  page = await fresh();
});

/** A page that notes what it should not do. */
async function fresh() {
  const made = await context.newPage();
  faults = [];
  foreign = [];
  made.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      faults.push(`${message.text()} ${message.location().url}`);
  });
  made.on("pageerror", (error) => faults.push(String(error.stack)));
  made.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.origin !== w.url) foreign.push(request.url());
  });
  return made;
}

/** Paths that this server does not have yet are asked for all the same. */
async function undescribed() {
  const document = await (await fetch(`${w.url}/openapi.json`)).json();
  return (fault) => {
    const path = /http:\/\/[^/]+(\/[^? ]*)/.exec(fault)?.[1];
    return path?.startsWith("/api/") && document.paths[path] === undefined;
  };
}

async function nothingWrong() {
  const excused = await undescribed();
  assert.deepEqual(
    faults.filter((fault) => !excused(fault)),
    [],
  );
  assert.deepEqual(foreign, []);
}

const row = (route) => page.locator(`[data-row="${route}"]`);
const lamp = () => page.locator(".live");

/** Requests of a route in the last minutes, as its row says. */
async function counted(route) {
  const title = await row(route).locator("[title*='in 5 min']").getAttribute("title");
  return Number(/^([\d,]+) in 5 min/.exec(title)?.[1].replaceAll(",", ""));
}

async function until(what, holds, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await holds().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) assert.fail(`${what} did not come true in ${ms / 1000} s`);
    await sleep(100);
  }
}

test("a service appears on the open page, and its row opens it by keyboard", async () => {
  await page.goto(w.url);
  await row("shop").waitFor({ timeout: 30_000 });
  // Judged it is only after its first windows.
  assert.match(await page.locator("h1").innerText(), /^(shop |Not enough data)/);
  await page.keyboard.press("j");
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/services/shop");
  await row("GET /products/{id}").waitFor();
  assert.equal(await page.title(), "shop · Plimsoll");
  await nothingWrong();
});

test("20 requests raise their row by exactly 20 within 12 s", async () => {
  await page.goto(`${w.url}/services/shop`);
  await until("the first requests are counted", async () => (await counted("GET /products/{id}")) === 3);
  await ask(shop, "/products/2", 20);
  const asked = Date.now();
  await until("20 more", async () => (await counted("GET /products/{id}")) !== 3);
  const took = Date.now() - asked;
  assert.equal(await counted("GET /products/{id}"), 23);
  assert.ok(took <= 12_000, `it took ${took} ms`);
  assert.match(await row("GET /products/{id}").innerText(), /4\.6/);
  await nothingWrong();
});

test("order, filter and range stand in the URL and survive a reload", async () => {
  await page.goto(`${w.url}/services/shop`);
  await row("GET /orders").waitFor();
  const routes = () => page.locator("table[aria-label=Routes] tbody tr .rt").allInnerTexts();
  const head = page.getByRole("table", { name: "Routes" }).getByRole("columnheader", { name: "requests" });
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  assert.deepEqual((await routes()).slice(0, 2), ["/products/{id}", "/orders"]);
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  assert.equal((await routes()).at(-1), "/products/{id}");

  await page.keyboard.press("/");
  await page.keyboard.type("orders");
  await until("one route is left", async () => (await routes()).join() === "/orders");
  await page.getByRole("button", { name: "6 h", exact: true }).click();
  assert.equal(new URL(page.url()).search, "?sort=requests&q=orders&range=6h");
  await page.reload();
  await row("GET /orders").waitFor();
  assert.deepEqual(await routes(), ["/orders"]);
  assert.equal(await page.getByRole("button", { name: "6 h", exact: true }).getAttribute("aria-pressed"), "true");
  await nothingWrong();
});

test("a direct visit of a service takes less than 190 kB, and its charts come into the place that was kept", async () => {
  // What is there already comes with the first answers, not with later ones.
  const judged = `${w.url}/api/performance/load-line?service=shop`;
  await until("it is judged", async () => (await (await fetch(judged)).json()).groups.length > 0);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.goto(`${w.url}/services/shop`);
  await row("GET /orders").waitFor();
  await page.locator("[data-float]").first().waitFor();
  await sleep(500);
  assert.ok(bytes > 150_000 && bytes < 190_000, `${bytes} bytes`);
  assert.equal(await page.locator(".plot").count(), 0);
  const height = () => page.locator("section[aria-labelledby=when]").evaluate((one) => one.offsetHeight);
  const kept = await height();
  await page.locator("#when").scrollIntoViewIfNeeded();
  await page.locator(".plot canvas").nth(4).waitFor();
  assert.ok(Math.abs((await height()) - kept) < 32, `${kept} became ${await height()}`);
  await nothingWrong();
});

test("dragging zooms all charts, a double click goes back", async () => {
  await page.goto(`${w.url}/services/shop?range=15m`);
  const over = page.locator(".plot .u-over").first();
  await until("there is something to draw", async () => (await counted("GET /products/{id}")) > 0);
  // The charts come when they are scrolled to.
  await page.locator("#when").scrollIntoViewIfNeeded();
  await over.waitFor();
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width * 0.59, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.99, box.y + 40, { steps: 8 });
  await page.mouse.up();
  await until("the zoom is in the URL", async () => /[?&]zoom=\d+-\d+/.test(page.url()));
  const [from, to] = /zoom=(\d+)-(\d+)/.exec(page.url()).slice(1).map(Number);
  assert.ok(Math.abs((to - from) / 60_000 - 6) < 0.5, `${(to - from) / 60_000} min`);
  await sleep(500);
  await page.locator(".plot .u-over").first().dblclick();
  await until("the zoom is gone", async () => !page.url().includes("zoom="));
  await nothingWrong();
});

test("every view is accessible, light and dark", async () => {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const path of ["/", "/services/shop", "/services/plimsoll", "/connect", "/nowhere-at-all"]) {
      const answer = await page.goto(w.url + path);
      // A path that is none of the page's is the server's to answer.
      if (path === "/nowhere-at-all") {
        assert.equal(answer.status(), 404);
        faults.length = 0;
        continue;
      }
      await page.locator("h1").waitFor();
      await sleep(800);
      await accessible(page, `${path} ${scheme}`);
    }
  }
  await nothingWrong();
});

test("t goes from the system's theme to light and dark, and the choice is kept", async () => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(w.url);
  await page.locator("h1").waitFor();
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(await paper(), "rgb(246, 245, 241)");
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  assert.equal(await paper(), "rgb(15, 22, 27)");
  await page.reload();
  await page.locator("h1").waitFor();
  assert.equal(await paper(), "rgb(15, 22, 27)");
  await nothingWrong();
});

test("nothing is wider than the window, from 360 to 2560 pixels", async () => {
  for (const width of [360, 390, 768, 992, 1440, 2560]) {
    await page.setViewportSize({ width, height: 844 });
    for (const path of ["/", "/services/shop", "/services/plimsoll", "/connect"]) {
      await page.goto(w.url + path);
      await page.locator("h1").waitFor();
      await sleep(300);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${path} is ${wide} wide in ${width}`);
    }
  }
  await nothingWrong();
});

test("? shows the keys, space pauses", async () => {
  await page.goto(`${w.url}/services/shop`);
  await row("GET /orders").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await accessible(page, "the keys");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await page.keyboard.press("Space");
  assert.match(await lamp().innerText(), /^Paused at \d\d:\d\d:\d\d$/);
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/api/performance/")) asked += 1;
  });
  await sleep(12_000);
  assert.equal(asked, 0);
  await page.keyboard.press("Space");
  await until("it goes on", async () => asked > 0 && /^Live/.test(await lamp().innerText()));
  await nothingWrong();
});

test("a part that cannot be read says why, and can be tried again", async () => {
  let broken = true;
  await page.route("**/api/performance/totals?service=shop&by=route*", (route) =>
    broken
      ? route.fulfill({
          status: 400,
          contentType: "application/problem+json",
          body: JSON.stringify({
            detail: "minutes must be between 1 and 129600",
            field: "minutes",
            value: 0,
            status: 400,
          }),
        })
      : route.continue(),
  );
  await page.goto(`${w.url}/services/shop`);
  const alert = page.getByRole("alert").first();
  await alert.waitFor();
  assert.match(await alert.innerText(), /Minutes must be between 1 and 129600 \(minutes is 0\)\./);
  broken = false;
  await alert.getByRole("button", { name: "Try again" }).click();
  await row("GET /orders").waitFor();
  await alert.waitFor({ state: "detached" });
  assert.deepEqual(foreign, []);
});

test("how to connect is what the server says, and a failure to read it too", async () => {
  let broken = true;
  await page.route("**/api/v1/connect", (route) =>
    broken ? route.fulfill({ status: 503, json: { detail: "the server is too busy", status: 503 } }) : route.continue(),
  );
  await page.goto(`${w.url}/connect?with=python`);
  const alert = page.getByRole("alert");
  await alert.waitFor({ timeout: 30_000 });
  assert.match(await alert.innerText(), /The server is too busy\./);
  assert.equal(await page.getByRole("tab").count(), 0);
  broken = false;
  await alert.getByRole("button", { name: "Try again" }).click();
  const { recipes } = await (await fetch(`${w.url}/api/v1/connect`)).json();
  await page.getByRole("tab", { name: "Python", selected: true }).waitFor();
  assert.deepEqual(
    await page.getByRole("tab").allInnerTexts(),
    recipes.map((one) => one.title),
  );
  const told = await page.getByRole("tabpanel").innerText();
  assert.ok(told.includes(`OTEL_EXPORTER_OTLP_ENDPOINT=${w.url}`), told);
  assert.deepEqual(foreign, []);
});

test("a page of the last version reads a new server's answers and offers to load anew", async () => {
  let isOld = true;
  await page.route("**/api/**", async (route) => {
    if (!isOld) return route.continue();
    // A stream cannot be changed on its way: this server has none.
    const headers = { "x-plimsoll-page": "another" };
    if (route.request().url().includes("/api/stream")) return route.fulfill({ headers, contentType: "text/plain" });
    const response = await route.fetch();
    const body = await response.json().catch(() => null);
    if (body === null) return route.fulfill({ response });
    // Members that this page does not know, and one that it knows and the new server does not send.
    for (const one of body.services ?? body.rows ?? []) {
      one.something_new = { deep: [1] };
      delete one.sources;
      delete one.environments;
    }
    return route.fulfill({
      response,
      json: { ...body, something_new: 1 },
      headers: { ...response.headers(), ...headers },
    });
  });
  await page.goto(w.url);
  await row("shop").waitFor();
  await page.getByText("The server was updated").waitFor();
  // The page that is loaded now is that of the server.
  page.on("request", (request) => {
    if (request.isNavigationRequest()) isOld = false;
  });
  await page.getByRole("button", { name: "Load the new page" }).click();
  await row("shop").waitFor();
  assert.equal(await page.getByText("The server was updated").count(), 0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await nothingWrong();
});

test("a part of the page that is gone after an update makes it load anew, once", async () => {
  await page.goto(w.url);
  await row("shop").waitFor();
  let gone = 0;
  await page.route("**/assets/ServiceView-*.js", (route) => {
    gone += 1;
    return gone === 1 ? route.fulfill({ status: 404, body: "{}" }) : route.continue();
  });
  await page.getByRole("link", { name: "shop" }).click();
  await row("GET /orders").waitFor();
  assert.equal(gone, 2);
});

test("a browser that slept for an hour connects anew, without a burst", async () => {
  await page.clock.install();
  await page.goto(w.url);
  await row("shop").waitFor();
  await page.clock.runFor(2_000);
  let asked = 0;
  page.on("request", () => {
    asked += 1;
  });
  await page.clock.fastForward("01:00:00");
  await sleep(500);
  await page.clock.runFor(12_000);
  await until("it is live", async () => /^Live/.test(await lamp().innerText()));
  assert.ok(asked >= 3, `${asked} requests`);
  assert.ok(asked <= 30, `${asked} requests`);
  await nothingWrong();
});

test("a server that is killed is told, what was known stays, and the page goes on when it is back", async () => {
  await page.goto(`${w.url}/services/shop`);
  await row("GET /orders").waitFor();
  const before = await counted("GET /products/{id}");
  await w.stopServer("SIGKILL");
  await until(
    "it says so",
    async () => /^Lost at \d\d:\d\d:\d\d, (next try in|trying)/.test(await lamp().innerText()),
    30_000,
  );
  assert.equal(await counted("GET /products/{id}"), before);
  assert.equal(await page.getByRole("alert").count(), 0);
  await w.startServer();
  await until("it is live", async () => /^Live/.test(await lamp().innerText()), 30_000);
  await ask(shop, "/checkout", 2, { method: "POST" });
  await until("the next requests are there", async () => (await row("POST /checkout").count()) === 1, 40_000);
  assert.deepEqual(foreign, []);
});
