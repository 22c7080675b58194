// After the build: names this build in the document, puts a compressed form beside each file, and holds what a first visit fetches
// against its budget.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
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

// It is for this script alone: nothing but the page is served.
const MANIFEST = join(dist, ".vite");
const manifest = JSON.parse(readFileSync(join(MANIFEST, "manifest.json"), "utf8"));
rmSync(MANIFEST, { recursive: true });

/** What each file is on its way to a browser, bytes. */
const sent = new Map();
let text = 0;
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || /^\.|\.(br|gz)$/.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const file = relative(dist, path);
  // Fonts are compressed in themselves.
  if (/\.woff2?$/.test(file)) {
    sent.set(file, statSync(path).size);
    continue;
  }
  const content = readFileSync(path);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const forms = { br: brotliCompressSync(content, { params }), gz: gzipSync(content, { level: 9 }) };
  for (const [extension, form] of Object.entries(forms)) {
    if (form.length < content.length) writeFileSync(`${path}.${extension}`, form);
  }
  sent.set(file, Math.min(forms.br.length, content.length));
  text += forms.br.length;
}
console.log(`page ${name}: ${Math.round(text / 1000)} kB of text with brotli`);

/** Most that the files of a direct visit may take, bytes; answers and heads are some 15 kB more. */
const BUDGETS = [
  { path: "/", views: [], most: 150_000 },
  { path: "/services/{name}", views: ["src/views/ServiceView.tsx"], most: 170_000 },
  { path: "/standards", views: ["src/views/StandardsView.tsx"], most: 170_000 },
  { path: "/alerts", views: ["src/views/AlertsView.tsx"], most: 170_000 },
];

/** The files that a chunk cannot do without, its own first. */
function filesOf(name, met = new Set()) {
  if (met.has(name)) return [];
  met.add(name);
  const { file, css = [], assets = [], imports = [] } = manifest[name];
  return [file, ...css, ...assets, ...imports.flatMap((one) => filesOf(one, met))];
}

let over = false;
for (const { path, views, most } of BUDGETS) {
  const files = new Set(["index.html", ...["index.html", ...views].flatMap((name) => filesOf(name))]);
  const bytes = [...files].reduce((sum, file) => sum + (sent.get(file) ?? 0), 0);
  console.log(`${path}: ${(bytes / 1000).toFixed(1)} kB in ${files.size} files`);
  if (bytes <= most) continue;
  over = true;
  console.error(`${path} fetches ${bytes} bytes, its budget is ${most}`);
}
if (over) process.exit(1);
