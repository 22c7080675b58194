import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// A server to develop against: PLIMSOLL=http://127.0.0.1:2876 npm run dev
const server = process.env.PLIMSOLL ?? "http://127.0.0.1:1876";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    // Everything has a name of its own: the content policy takes no data in the markup but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What a first visit fetches is counted by it; it is not served.
    manifest: true,
  },
  test: { include: ["test/unit/**/*.test.ts"] },
  // `vite preview` as well.
  server: {
    proxy: Object.fromEntries(
      ["/api", "/status", "/health", "/openapi.json"].map((path) => [path, { target: server, changeOrigin: true }]),
    ),
  },
});
