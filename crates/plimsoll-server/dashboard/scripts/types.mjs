// Writes src/api/schema.d.ts from the /openapi.json of the built server; with --check only says whether it is current.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapi, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { world } from "../test/world.mjs";

const file = fileURLToPath(new URL("../src/api/schema.d.ts", import.meta.url));

export async function generated() {
  const w = await world();
  try {
    const document = await (await fetch(`${w.url}/openapi.json`)).json();
    return COMMENT_HEADER + astToString(await openapi(document));
  } finally {
    await w.end();
  }
}

export function committed() {
  return readFileSync(file, "utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const types = await generated();
  if (!process.argv.includes("--check")) writeFileSync(file, types);
  else if (types !== committed()) {
    console.error("src/api/schema.d.ts is not what the server describes: run `npm run types`");
    process.exitCode = 1;
  }
}
