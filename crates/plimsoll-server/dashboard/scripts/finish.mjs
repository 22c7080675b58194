// After the build: names this build in the document and puts a compressed form beside each file.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const META = '<meta name="plimsoll-page" content="" />';

const document = join(dist, "index.html");
const html = readFileSync(document, "utf8");
if (!html.includes(META)) throw new Error(`${document} has no place for the build's name: ${META}`);
// The document names every file by its content: its own hash tells builds apart.
const name = createHash("sha256").update(html).digest("hex").slice(0, 12);
writeFileSync(document, html.replace(META, META.replace('content=""', `content="${name}"`)));

let first = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || /^\.|\.(br|gz|woff2?)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const content = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const forms = { br: brotliCompressSync(content, { params }), gz: gzipSync(content, { level: 9 }) };
  for (const [extension, form] of Object.entries(forms)) {
    if (form.length < content.length) writeFileSync(`${path}.${extension}`, form);
  }
  first += forms.br.length;
}
console.log(`page ${name}: ${Math.round(first / 1000)} kB of text with brotli`);
