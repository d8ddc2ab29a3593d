import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// What Node strips of types and compiles is kept for the next process that a test starts: loading would be most of the time that many of them take.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url));

/** Short files that take long: begun last, one of them would keep a single worker busy after all others have ended. */
const LONG = /\/test\/(chaos|crash|faults|contract)\//;

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(({ moduleId }) => LONG.test(moduleId)), ...sorted.filter(({ moduleId }) => !LONG.test(moduleId))];
  }
}

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "console/src/**/*.test.ts"],
    // These need a browser: `npm run test:browser`.
    exclude: ["**/node_modules/**", "test/browser/**"],
    sequence: { sequencer: LongestFirst },
    globalSetup: "test/support/scratch.ts",
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    // One more than there are cores: many tests wait for a process they started, or for a disk.
    maxWorkers: availableParallelism() + 1,
    // A worker goes from file to file: our modules are loaded, and made fast by the engine, once and not two hundred times. Nothing that tests
    // touch outlives them in a module; what a test of a process's own state needs is a child process.
    isolate: false,
    // Room for what lives shortly: a tenth less work for a worker that opens one small hub after another (the hub itself runs in little memory).
    execArgv: ["--max-semi-space-size=64"],
    // As the hub is started by its first line: one that a test starts need not start itself again.
    env: { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "1048576" },
    // Node strips the types itself, as it does when the hub runs; nothing is rewritten, so that what is tested is what runs.
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
});
