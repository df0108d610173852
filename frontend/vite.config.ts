import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    target: "es2022",
    outDir: "../custom_components/home_security_intelligence/dashboard",
    emptyOutDir: false,
    reportCompressedSize: false,
    modulePreload: false,
    rolldownOptions: { input: "src/index.ts", output: { entryFileNames: "hsi.js" } },
  },
  test: { environment: "jsdom", include: ["src/**/*.test.ts"] },
});
