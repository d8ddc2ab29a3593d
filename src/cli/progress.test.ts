import { describe, expect, it } from "vitest";
import { PlainProgress, barLine, figures } from "./progress.ts";
import { Terminal } from "./terminal.ts";
import { fakeTerminal } from "./test-support.ts";
import { run, streamRun } from "./test-views.ts";

const reading = streamRun({ phase: "snapshot", pages: 12, received: 12_000, expected: 100_000, rowsPerSecond: 4512.4, etaSeconds: 20 });

describe("progress without a terminal", () => {
  it("says each change of phase once, and at most one line every few seconds in between", () => {
    const terminal = fakeTerminal();
    let now = 0;
    const progress = new PlainProgress(new Terminal(terminal.io), () => "", () => now);
    const at = (ms: number, phase: "waiting" | "snapshot" | "done"): void => {
      now = ms;
      progress.show([run({ streams: [{ ...reading, phase }] })]);
    };

    at(0, "waiting");
    for (let ms = 0; ms <= 10_000; ms += 250) at(ms, "snapshot");
    at(10_001, "done");
    at(30_000, "done");

    const lines = terminal.stderr().trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe("agents: snapshot, page 12, 12,000 of 100,000 rows, 4,512 rows/s, ETA 20s");
    expect(lines[3]).toMatch(/^agents: done, 12,000 rows/);
    expect(terminal.stdout()).toBe("");
  });
});

describe("progress on a terminal", () => {
  it.each([24, 80, 200])("a bar is never wider than a terminal of %i columns", (width) => {
    expect(barLine({ label: "agents", stream: reading }, width).length).toBeLessThan(width);
  });

  it("a stream without a total shows rows and an empty bar, and is full when done", () => {
    expect(figures({ ...reading, expected: null, etaSeconds: null })).toBe("page 12, 12,000 rows, 4,512 rows/s");
    expect(barLine({ label: "a", stream: { ...reading, expected: null } }, 120)).toContain(`[${" ".repeat(20)}]`);
    expect(barLine({ label: "a", stream: { ...reading, phase: "done" } }, 120)).toContain(`[${"=".repeat(20)}]`);
  });
});
