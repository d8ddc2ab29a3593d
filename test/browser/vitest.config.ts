import { defineConfig } from "vitest/config";

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["*.test.ts"],
    globalSetup: "../support/scratch.ts",
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: "forks",
    maxWorkers: 1,
    // Each flow begins where the one before has ended.
    bail: 1,
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
});
