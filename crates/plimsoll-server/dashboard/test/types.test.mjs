// The page's types are those of the server's description.
import assert from "node:assert/strict";
import { test } from "node:test";
import { committed, generated } from "../scripts/types.mjs";

test("the generated types are current", async () => {
  assert.equal(committed(), await generated(), "run `npm run types` in crates/plimsoll-server/dashboard and commit");
});
