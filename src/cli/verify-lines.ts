/** A verify report as people read it: one line per check, its cure below it, then what the token may do. */
import type { VerifyReport } from "../kernel/api.ts";
import { clean, cureLines, type Colour, type Terminal } from "./terminal.ts";

const MARKS: Readonly<Record<VerifyReport["lines"][number]["outcome"], readonly [string, Colour]>> = {
  ok: ["ok     ", "green"],
  warning: ["warning", "yellow"],
  failed: ["failed ", "red"],
  unknown: ["unknown", "dim"],
};

/** `fault: "follows"`: what failed is about to be said once more, with its cure. */
export function printVerify(out: Terminal, report: VerifyReport, options: { readonly fault?: "follows" } = {}): void {
  const width = Math.max(0, ...report.lines.map((line) => line.check.length));
  for (const line of report.lines) {
    const [mark, colour] = MARKS[line.outcome];
    out.line(`${out.paint(mark, colour)}  ${clean(line.check.padEnd(width))}  ${clean(line.message)}`);
    if (line.cure !== null && !(line.outcome === "failed" && options.fault === "follows")) for (const text of cureLines(line.cure, " ".repeat(width + 11))) out.line(text);
  }
}
