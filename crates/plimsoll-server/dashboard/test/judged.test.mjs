// What a server judges, in a browser: the document is the real server's, its answers are those of fixtures.mjs.
// PICTURES=folder also takes pictures of it, to lay beside the drawings.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { accessible } from "./axe.mjs";
import { answerOf, groups, loadLine, NOW } from "./fixtures.mjs";
import { browser, sleep, world } from "./world.mjs";

const pictures = process.env.PICTURES;

let w;
let chrome;
let context;
let page;
let faults;
/** Answers instead of the usual ones: by path, a function of its request or a status and a body. */
let instead;
/** What was changed: method, path, body. */
let changed;

before(async () => {
  w = await world();
  chrome = await browser();
  if (pictures) mkdirSync(pictures, { recursive: true });
});

after(async () => {
  await chrome?.close();
  await w?.end();
});

beforeEach(async () => {
  await context?.close();
  await open({});
});

async function open({ width = 1440, height = 900, scheme = "light" }) {
  context = await chrome.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
  });
  instead = {};
  changed = [];
  faults = [];
  page = await context.newPage();
  await page.clock.setFixedTime(NOW);
  page.on("pageerror", (error) => faults.push(String(error.stack)));
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.text()} ${message.location().url}`);
  });
  await page.route("**/api/**", async (route) => {
    const request = route.request();
    const url = new URL(request.url());
    const method = request.method();
    if (method !== "GET" && url.pathname !== "/api/v1/query")
      changed.push({ method, path: url.pathname, body: request.postDataJSON() });
    const other = instead[`${method} ${url.pathname}`] ?? instead[url.pathname];
    await other?.after;
    if (other?.status) return route.fulfill({ status: other.status, json: other.json ?? {} });
    const answer = other ?? answerOf(url.pathname, url.searchParams, method);
    return answer === undefined ? route.continue() : route.fulfill({ json: answer });
  });
}

function nothingWrong(excused = /^$/) {
  assert.deepEqual(
    faults.filter((fault) => !excused.test(fault)),
    [],
  );
}

async function picture(name) {
  if (!pictures) return;
  await charts();
  await sleep(600);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Where there are charts, they come when they are scrolled to. */
async function charts() {
  const when = page.locator("#when");
  if ((await when.count()) === 0) return;
  await when.scrollIntoViewIfNeeded();
  await page.locator(".plot canvas, section[aria-labelledby=when] .note").first().waitFor();
}

async function visit(path) {
  await page.goto(w.url + path);
  await page.locator("h1").waitFor();
}

/** Spaces that do not break are told from others by their unit tests. */
const plain = (text) => text?.replaceAll("\u00a0", " ");
const textOf = async (what) => plain(await what.innerText());
const floats = () => page.locator("[data-float]");
/** What a screen reader says of the float that has the focus. */
const focused = async () => plain(await page.evaluate(() => document.activeElement?.textContent));
const floatNamed = (name) => page.locator(`[data-float="class:${name}"]`);

async function until(what, holds, ms = 10_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await holds().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) assert.fail(`${what} did not come true in ${ms / 1000} s`);
    await sleep(50);
  }
}

test("the first screen tells verdict, place and cause", async () => {
  await visit("/services/shop?range=6h");
  await floatNamed("write").waitFor();
  assert.match(await textOf(page.locator("h1")), /^shop is degraded\. Writes run 51 % past their line/);
  assert.match(await textOf(page.locator(".score")), /71\s+of 100 · was 92 at 14:00/);
  assert.equal(await floats().count(), 18);
  assert.deepEqual(await page.locator(".grp h3 b").allInnerTexts(), ["Classes", "Resources", "Pools", "Queues"]);
  assert.match(await textOf(page.locator("#findings + p")), /2 past the line, 2 close/);
  const first = page.locator(".fd").first();
  assert.match(await textOf(first), /Medium · since 14:09 · p95 2\.41 s, usually 412 ms/);
  assert.match(await textOf(page.locator(".fd").nth(1)), /follows from POST \/orders/);
  const write = page.locator('[data-row="class:write"]');
  assert.match(
    await textOf(write),
    /200 · 500 · 1,000 ms[\s\S]*1,510 ms[\s\S]*99\.94 %[\s\S]*88 %[\s\S]*gone at 19:34/,
  );
  assert.match(await textOf(page.locator('[data-row="class:complex"]')), /−38 %[\s\S]*overdrawn/);
  assert.equal(await page.getByRole("link", { name: "Alerts 2 firing" }).count(), 1);
  await charts();
  assert.match(await textOf(page.locator(".lanes")), /v2\.14\.0 a1f3c9e, 14:07/);
  nothingWrong();
});

test("heights are those of headroom, what is past lies in the water", async () => {
  await visit("/services/shop");
  await floatNamed("write").waitFor();
  const box = async (what) => (await what.boundingBox()) ?? assert.fail("it is not drawn");
  const sea = await box(page.locator(".sea"));
  // The middle of a mark is its height: 48 px of room, 168 px of sky, 104 px of ground.
  const heightOf = async (name) => {
    const mark = await box(floatNamed(name).locator(".m"));
    return mark.y + mark.height / 2 - sea.y;
  };
  assert.ok(Math.abs((await heightOf("read")) - (48 + 0.13 * 168)) < 1);
  assert.ok(Math.abs((await heightOf("complex")) - (48 + 0.65 * 168)) < 1);
  assert.ok(Math.abs((await heightOf("write")) - (48 + 168 + 0.297 * 104)) < 1);
  assert.equal(await floatNamed("export").locator(".m").count(), 0);
  const usual = await box(floatNamed("write").locator(".us"));
  assert.ok(Math.abs(usual.y - sea.y - (48 + 0.29 * 168)) < 2);
  const line = await page.locator(".sea").evaluate((one) => getComputedStyle(one, "::after").height);
  assert.equal(line, "2px");
  assert.ok(sea.width === 1440);
});

test("every float is reached by keyboard: one stop, arrows inside, Enter to its finding", async () => {
  await visit("/services/shop");
  await floatNamed("write").waitFor();
  assert.equal(await page.locator("[data-float][tabindex='0']").count(), 1);
  await floats().first().focus();
  const met = [await focused()];
  for (let at = 1; at < 18; at += 1) {
    await page.keyboard.press("ArrowRight");
    met.push(await focused());
  }
  assert.equal(new Set(met).size, 18);
  assert.equal(met[2], "write, −51 %, past the line, p95 1.51 s of 1.00 s");
  assert.equal(met[6], "export, idle 41 min");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), met[17]);
  await page.keyboard.press("Home");
  assert.equal(await focused(), met[0]);
  await page.keyboard.press("End");
  assert.equal(await focused(), met[17]);
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  const tip = page.locator(".tip:visible");
  assert.equal(await textOf(tip), "p95 1.51 s, line 1.00 s; usually 290 ms. Past since 14:09");
  await page.keyboard.press("Escape");
  assert.equal(await tip.count(), 0);
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "finding-class:write");
  // One without a finding leads to its row.
  await floatNamed("read").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("data-row")), "class:read");
  nothingWrong();
});

test("what will reach its line says when, once", async () => {
  await visit("/services/shop");
  await floatNamed("write").waitFor();
  await page.locator('[data-float="resource:memory"]').hover();
  assert.equal(
    await textOf(page.locator(".tip:visible")),
    "341 MB, line 512 MB; usually 343 MB. Reaches its line in 12 days (9–17)",
  );
  const cards = page.locator(".cards");
  assert.match(await textOf(cards), /341 MB memory, line 512 MB[\s\S]*Reaches its line in 12 days \(9–17\)\./);
  // Where a finding says so, the card leads to it instead.
  await cards.getByRole("link", { name: "Disk reaches its line in 23 days (17–31)." }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "finding-forecast:disk");
  assert.equal((await textOf(cards)).match(/in 23 days/g)?.length, 1);
  assert.match(await textOf(page.locator("[id='finding-forecast:disk']")), /Low · foreseen since 22 Nov/);
  nothingWrong();
});

test("what a model says stands under the findings, with who and when, and can be asked for", async () => {
  const path = "/api/v1/suggestions";
  await visit("/services/shop");
  await page.locator(".fd").first().waitFor();
  assert.equal(await page.getByRole("button", { name: /^Ask/ }).count(), 0);
  const list = (more) => ({ enabled: true, state: "ready", failures: 0, last_error: null, suggestions: more });
  instead[`GET ${path}`] = list([]);
  await visit("/services/shop");
  const part = page.getByRole("region", { name: "Suggestion" });
  instead[`POST ${path}`] = {
    status: 502,
    json: { detail: "the endpoint gave no suggestion: it answered 500", status: 502 },
  };
  await part.getByRole("button", { name: /^Ask/ }).click();
  const alert = part.getByRole("alert");
  await alert.waitFor();
  assert.match(await textOf(alert), /^The endpoint gave no suggestion: it answered 500\./);
  assert.deepEqual(changed.at(-1), { method: "POST", path, body: { service: "shop" } });
  const said = {
    id: "7",
    service: "shop",
    time: new Date(NOW - 12 * 60_000).toISOString(),
    model: "llama3.2",
    text: "Orders wait for stock <b>one by one</b>: ask for all of it at once, then the pool floats again.",
    findings: loadLine.findings.map((one) => one.id),
  };
  instead[`POST ${path}`] = said;
  instead[`GET ${path}`] = list([said]);
  await alert.getByRole("button", { name: "Try again" }).click();
  await part.getByText("Orders wait for stock <b>one by one</b>").waitFor();
  assert.match(await textOf(part), /\nllama3\.2, 14:20\n+Ask again/);
  assert.equal(await part.getByRole("alert").count(), 0);
  const [found, sug] = await Promise.all([page.locator(".finds").boundingBox(), part.boundingBox()]);
  assert.ok(sug.y >= found.y + found.height - 1);
  await accessible(page, "a suggestion");
  await picture("suggestion");
  nothingWrong(/502/);
});

test("a report is of the range in view", async () => {
  await visit("/services/shop?range=6h");
  const read = page.getByRole("link", { name: /^Report of 6.h ?, in a new tab$/ });
  const at = async (link) => new URL(await link.getAttribute("href"), w.url);
  assert.equal((await at(read)).search, "?service=shop&since=-360m&format=html");
  assert.equal(await read.getAttribute("target"), "_blank");
  const taken = page.getByRole("link", { name: "as Markdown" });
  assert.equal((await at(taken)).search, "?service=shop&since=-360m&format=markdown");
  assert.equal(await taken.getAttribute("download"), "shop-report.md");
  await page.getByRole("button", { name: "24 h", exact: true }).click();
  assert.equal((await at(page.getByRole("link", { name: /^Report of 24.h/ }))).searchParams.get("since"), "-1440m");
});

test("while it is read the frame stands with a dashed line, and a failure leaves it there", async () => {
  let fail;
  const after = new Promise((resolve) => {
    fail = resolve;
  });
  instead["/api/performance/load-line"] = {
    after,
    status: 503,
    json: { detail: "the server is too busy", status: 503 },
  };
  await visit("/services/shop");
  await page.locator(".ll.off").waitFor();
  assert.equal(await textOf(page.locator("h1")), "shop");
  assert.equal(await page.locator(".nothing").count(), 0);
  fail();
  const alert = page.getByRole("alert").first();
  await alert.waitFor();
  assert.match(await textOf(alert), /The server is too busy\./);
  assert.equal(await page.locator(".ll.off").count(), 1);
  delete instead["/api/performance/load-line"];
  await alert.getByRole("button", { name: "Try again" }).click();
  await floatNamed("write").waitFor();
  nothingWrong(/503/);
});

test("a float moves to its new height in 400 ms, and at once where motion is not wanted", async () => {
  await visit("/services/shop");
  await floatNamed("write").waitFor();
  const mark = floatNamed("write").locator(".m");
  const takes = () => mark.evaluate((one) => getComputedStyle(one).transitionDuration);
  assert.equal(await takes(), "0s");
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.equal(await takes(), "0.4s, 0.4s, 0.4s, 0.4s");
});

test("under 992 pixels the drawing turns: a row of 28 pixels each, the line at 70 %", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await visit("/services/shop");
  await floatNamed("write").waitFor();
  const rows = await page.locator(".fl").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
  assert.deepEqual([...new Set(rows)], [28]);
  assert.equal(rows.length, 18);
  const track = await floatNamed("write").locator(".tr").boundingBox();
  const mark = await floatNamed("write").locator(".m").boundingBox();
  const across = (mark.x + mark.width / 2 - track.x) / track.width;
  assert.ok(Math.abs(across - (0.7 + 0.28 * 0.297)) < 0.01, `${across}`);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
  await picture("overview-390");
  nothingWrong();
});

/** A load line of one group with so many floats. */
function crowded(count, more = []) {
  const one = groups[0].floats[1];
  const many = Array.from({ length: count }, (_, at) => ({
    ...one,
    id: `class:f${at}`,
    name: `float ${at}`,
    headroom: 0.95 - at / 100,
    ratio: 0.05 + at / 100,
    usual_headroom: null,
  }));
  return { ...loadLine, groups: [{ ...groups[0], floats: [...many, ...more] }, groups[2]] };
}

test("in narrow columns calm floats keep their mark and give up their words until focus", async () => {
  instead["/api/performance/load-line"] = crowded(28);
  await visit("/services/shop");
  await floatNamed("f3").waitFor();
  assert.equal(await page.locator(".fl.quiet").count(), 29);
  const opacity = () =>
    floatNamed("f3")
      .locator(".words")
      .evaluate((one) => getComputedStyle(one).opacity);
  assert.equal(await opacity(), "0");
  await floatNamed("f3").hover();
  assert.equal(await opacity(), "1");
  await picture("crowded");
});

test("of more than forty floats the calm ones of a group are one mark, on a phone rows", async () => {
  instead["/api/performance/load-line"] = crowded(44, [groups[0].floats[2]]);
  await visit("/services/shop");
  await floatNamed("write").waitFor();
  const merged = floats().first();
  assert.equal(plain(await merged.textContent()), "44 in target, lowest 52 %");
  assert.equal(await floats().count(), 4);
  await page.setViewportSize({ width: 390, height: 844 });
  await until("each has its row", async () => (await floats().count()) === 47);
  nothingWrong();
});

test("where nothing is known the line is dashed and the water says since when", async () => {
  const off = groups.map((group) => ({
    ...group,
    floats: group.floats.map((one) => ({
      ...one,
      place: "unknown",
      headroom: null,
      ratio: null,
      value: null,
      reason: "no data",
    })),
  }));
  instead["/api/performance/load-line"] = { ...loadLine, state: "silent", groups: off, findings: [] };
  await visit("/services/billing");
  await page.locator(".ll.off").waitFor();
  assert.match(await textOf(page.locator(".nothing")), /^No data since 13:58\. Where these float is unknown/);
  assert.equal(await page.locator(".fl .m").count(), 0);
  await picture("no-data");
  nothingWrong();
});

test("the list of services has load lines and says how many are past theirs", async () => {
  await visit("/");
  await page.locator('[data-row="shop"]').waitFor();
  assert.equal(await textOf(page.locator("h1")), "1 of 4 services is past its line: shop. billing is silent.");
  assert.match(await textOf(page.locator(".lead p")), /mailer is close to its line: the outbox fills faster/);
  assert.deepEqual(await page.locator("[data-row]").evaluateAll((all) => all.map((one) => one.dataset.row)), [
    "shop",
    "billing",
    "mailer",
    "search-index",
  ]);
  const mini = page.locator('[data-row="shop"] .mini');
  assert.equal(await mini.getAttribute("aria-label"), "shop: 2 past the line: write, postgres");
  const box = await mini.boundingBox();
  assert.deepEqual([box.width, box.height], [224, 60]);
  assert.match(await textOf(page.locator('[data-row="billing"]')), /silent[\s\S]*not enough data/);
  await picture("services-light");
  nothingWrong();
});

test("an alert is acknowledged, and what the server refuses is said", async () => {
  await visit("/alerts");
  assert.equal(await textOf(page.locator("h1")), "2 alerts are firing: write of shop and postgres of shop.");
  const write = page.locator('[data-alert="12"]');
  instead["POST /api/performance/alerts/12/acknowledge"] = {
    status: 403,
    json: { detail: "this token may not change alerts", status: 403 },
  };
  await write.getByRole("button", { name: /^Acknowledge/ }).click();
  const alert = write.getByRole("alert");
  await alert.waitFor();
  assert.match(await textOf(alert), /This token may not change alerts\./);
  delete instead["POST /api/performance/alerts/12/acknowledge"];
  await alert.getByRole("button", { name: "Try again" }).click();
  await write.getByText("Acknowledged at 14:32.").waitFor();
  await write.getByRole("button", { name: /^Resolve/ }).click();
  await write.getByText("Resolved. If it goes on, another alert follows.").waitFor();
  assert.deepEqual(
    changed.map(({ path }) => path.split("/").at(-1)),
    ["acknowledge", "acknowledge", "resolve"],
  );
  nothingWrong(/403/);
});

test("an alert is silenced for 8 hours or until a time, and a silence is ended", async () => {
  await visit("/alerts");
  const write = page.locator('[data-alert="12"]');
  await write.getByRole("button", { name: /^Silence/ }).click();
  const form = page.getByRole("form", { name: "Silence write past its line in shop" });
  await form.getByRole("button", { name: "until" }).click();
  await form.getByRole("button", { name: "Silence", exact: true }).click();
  assert.equal(await textOf(form.getByRole("alert")), "Say until when.");
  await form.getByRole("button", { name: "8 h" }).click();
  await form.getByLabel("Reason").fill("moving the database");
  await accessible(page, "the form of a silence");
  await form.getByRole("button", { name: "Silence", exact: true }).click();
  await write.getByText("Silenced until 15:32.").waitFor();
  assert.deepEqual(changed, [
    {
      method: "POST",
      path: "/api/performance/silences",
      body: { service: "shop", key: "class:write", minutes: 480, reason: "moving the database" },
    },
  ]);
  instead["DELETE /api/performance/silences/1"] = { status: 204 };
  await page.getByRole("button", { name: "End the silence of all of mailer, low" }).click();
  await until("it is ended", async () => changed.at(-1).method === "DELETE");
  assert.equal(changed.at(-1).path, "/api/performance/silences/1");
  await picture("alerts-light");
});

test("alerts of one service are a filter in the URL", async () => {
  await visit("/alerts");
  await page.getByLabel("Service", { exact: true }).selectOption("mailer");
  await until("only those of mailer", async () => (await page.locator("[data-alert]").count()) === 1);
  assert.equal(new URL(page.url()).search, "?service=mailer");
  assert.equal(await textOf(page.locator("h1")), "Nothing fires in mailer.");
  nothingWrong();
});

test("bands are checked, replayed and saved, and go back to the file", async () => {
  await visit("/services/shop/standards");
  const target = page.getByLabel("write, target, milliseconds");
  await target.fill("600");
  const wrong = page.getByText("acceptable is less than target");
  await wrong.waitFor();
  assert.equal(await page.getByRole("button", { name: "Save", exact: true }).isDisabled(), true);
  await target.fill("250");
  await page.getByLabel("write, investigate, milliseconds").fill("1600");
  await page.getByText("1.51 s, close to the line").waitFor();
  await accessible(page, "edited standards");
  await page.getByRole("button", { name: /^Replay/ }).click();
  await page.getByText("With this the last 7 days would have fired 3 times.").waitFor();
  const classes = { write: { target_seconds: 0.25, investigate_seconds: 1.6 } };
  assert.deepEqual(changed.at(-1).body, { thresholds: { classes }, days: 7, service: "shop" });
  await picture("standards-light");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved. It holds from the next window on.").waitFor();
  assert.deepEqual(changed.at(-1), { method: "PUT", path: "/api/performance/thresholds", body: { classes } });
  await page.getByRole("button", { name: "Reset Error rate to the file" }).click();
  await until("it is asked for", async () => changed.at(-1).body.error_rate_threshold === null);
  nothingWrong();
});

test("what the server finds wrong with a field stands beside it", async () => {
  await visit("/standards");
  instead["PUT /api/performance/thresholds"] = {
    status: 400,
    json: { detail: "must be at most 60 s", field: "slow_query_threshold", value: 70, status: 400 },
  };
  const field = page.getByLabel("Slow query, ms");
  await field.fill("70000");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("must be at most 60 s").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  nothingWrong(/400/);
});

test("a server that does not judge is shown as before, without ways to what it has not", async () => {
  for (const path of ["load-line", "load-lines", "standards", "alerts", "silences", "deploys"])
    instead[`/api/performance/${path}`] = { status: 404, json: { detail: "no such path", status: 404 } };
  await visit("/services/shop");
  await page.getByText("shop answers").or(page.getByText("shop is reporting")).first().waitFor();
  assert.equal(await page.locator(".ll").count(), 0);
  assert.equal(await page.getByRole("link", { name: /Alerts|Standards/ }).count(), 0);
  assert.equal(await page.getByRole("alert").count(), 0);
  await visit("/");
  await page.locator('[data-row="shop"]').waitFor();
  assert.equal(await page.locator(".mini").count(), 0);
  nothingWrong(/404/);
});

test("every view is accessible and no wider than the window, light and dark", async () => {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const path of ["/", "/services/shop?range=6h", "/alerts", "/services/shop/standards", "/standards"]) {
      for (const width of [1440, 390, 360, 768, 992, 2560]) {
        await page.setViewportSize({ width, height: 900 });
        if (width === 1440 || width === 390) {
          await visit(path);
          await charts();
          await sleep(700);
          await accessible(page, `${path} ${scheme} ${width}`);
          await picture(`${path.replaceAll(/\W+/g, "-").replaceAll(/^-|-$/g, "") || "services"}-${scheme}-${width}`);
        }
        // Charts take their new width a moment after the window.
        const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
        await until(`${path} fits into ${width} pixels`, async () => (await wide()) <= width, 3_000);
      }
    }
  }
  nothingWrong();
});
