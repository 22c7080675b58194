// Whether a page is accessible, as far as axe can tell.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function accessible(page, name) {
  // The page's policy takes no script but its own: this one comes from outside of it.
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = found.violations.map(
    (one) => `${name}: ${one.id} at ${one.nodes.map((node) => node.target).join(", ")}`,
  );
  assert.deepEqual(told, []);
}
