// The programs that a user runs: the server, the shop that it measures, a browser.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const profile = process.env.BUILD ?? "debug";

/** Where a program of the workspace was built. */
export function program(name) {
  const path = join(target, profile, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`cargo build --workspace\` first`);
  return path;
}

/** Starts a program that prints its address when it is ready. */
async function start(name, args, env = {}) {
  const child = spawn(program(name), args, {
    env: { ...process.env, RUST_LOG: "off", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`${name} printed no address in 60 s`)), 60_000);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code} before it was ready`)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /http:\/\/[0-9.:]+/.exec(text)?.[0];
      if (!found) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  const stop = (signal = "SIGTERM") =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", resolve);
      child.kill(signal);
    });
  return { url, stop };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A server with a folder of its own, a shop on request; everything ends with `end`. */
export async function world() {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-page-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const running = new Set();
  const started = async (...what) => {
    const one = await start(...what);
    running.add(one);
    return one;
  };
  const serve = () => started("plimsoll", ["serve", "--listen", listen, "--data", join(folder, "data")]);
  let server = await serve();
  return {
    url: `http://${listen}`,
    folder,
    stopServer: (signal) => server.stop(signal),
    startServer: async () => {
      server = await serve();
    },
    shop: (env = {}) =>
      started("shop", ["--listen", "127.0.0.1:0", "--database", join(folder, `shop-${running.size}.db`)], {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${listen}`,
        ...env,
      }),
    end: async () => {
      for (const one of [...running].reverse()) await one.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function browser() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(":");
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  const executablePath = process.env.CHROMIUM ?? found;
  if (!executablePath) throw new Error("no Chromium on the PATH: run .ci/tools, or set CHROMIUM");
  // In a container there is neither a sandbox nor much shared memory.
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
}

/** Asks the shop so many times, one after the other. */
export async function ask(shop, path, number, how = {}) {
  for (let at = 0; at < number; at += 1) {
    const response = await fetch(shop.url + path, how);
    await response.arrayBuffer();
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
