import { defineConfig } from "vite"

// Everything that the page loads is a file of the server: its policy allows no inline script and no other origin.
export default defineConfig({
  base: "/dashboard/",
  esbuild: { jsx: "automatic" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1_500,
    reportCompressedSize: false,
    rollupOptions: {
      onwarn: (warning, warn) => {
        // "use client" is for frameworks that render on a server.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning)
      }
    }
  },
  // `npx vite` beside a running server: the page is built as it is edited, and the API is the real one.
  server: { proxy: { "/v1": "http://127.0.0.1:8080", "/ready": "http://127.0.0.1:8080" } }
})
