/** How the console is built: one page, no inline script, nothing loaded from elsewhere, so that the hub can serve it under a strict policy. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./licences.ts";

/** A running hub for `npm run console -- --watch` style work: `VEDETTE_HUB=http://127.0.0.1:8420 npx vite console`. */
const hub = process.env["VEDETTE_HUB"] ?? "http://127.0.0.1:8420";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), licences()],
  build: {
    target: "es2024",
    sourcemap: false,
    // The policy of the hub knows no `data:` script, and a font inside a style sheet would be one more exception.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": { target: hub, changeOrigin: true } } },
});
