import { env } from "node:process";
import { defineConfig } from "vitest/config";

// The API serves the files of ../api/static/page. `npm run dev` asks the API at VLMKG_PAGE_API.
export default defineConfig({
  base: "/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "../api/static/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: {
      output: {
        entryFileNames: "assets/page-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/page-[hash][extname]",
      },
    },
  },
  server: {
    proxy: Object.fromEntries(["/graphql", "/exports", "/sign-in"].map((path) => [path, { target: env.VLMKG_PAGE_API ?? "http://127.0.0.1:8000", ws: true }])),
  },
  test: { include: ["tests/**/*.test.ts"] },
});
