/** Alerts into cases, in the order of their time and shuffled, with facts queued; and pages of a queue of a million cases of five hundred tenants. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, run } from "./processes.ts";
import type { Figure } from "./sync.bench.ts";

const STEPS = built("cases-steps");
const TENANTS = 500;

export interface CasesBenchOptions {
  readonly alerts: number;
  readonly cases: number;
  readonly say: (line: string) => void;
}

interface Opened {
  readonly seconds: number;
  readonly busySeconds: number;
  readonly alerts: number;
  readonly cases: number;
  readonly merged: number;
  readonly largest: number;
  readonly facts: number;
}

export async function casesBench({ alerts, cases, say }: CasesBenchOptions): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "vedette-bench-"));
  const whole = (value: number): string => Math.round(value).toLocaleString("en-US");
  try {
    const figures: Figure[] = [];
    for (const order of ["sorted", "shuffled"] as const) {
      say(`${whole(alerts)} alerts into cases, ${order} …`);
      const { stdout, peakMb } = await run([STEPS, "open", join(root, order), String(alerts), order]);
      const opened = JSON.parse(stdout) as Opened;
      const rate = opened.alerts / opened.seconds;
      figures.push({
        name: `Cases: ${whole(alerts)} alerts, ${order === "sorted" ? "in the order of their time" : "in any order"}`,
        value: `${whole(rate)} alerts/s (${whole(opened.alerts / opened.busySeconds)} for each second of processor time): ${whole(opened.cases)} cases, the largest of ${whole(opened.largest)}, ${whole(opened.merged)} merged, ${whole(opened.facts)} facts queued, ${whole(peakMb)} MB`,
        target: "≥ 2,000/s",
        met: rate >= 2_000,
      });
    }
    say(`paging through ${whole(cases)} cases …`);
    const pages = JSON.parse((await run([STEPS, "queue", join(root, "queue"), String(cases), String(TENANTS)])).stdout) as { readonly p50: number; readonly p95: number; readonly p99: number; readonly busy95: number; readonly pages: number };
    figures.push({ name: `Cases: a page of the queue, ${whole(cases)} cases of ${String(TENANTS)} tenants, whatever is asked, p95`, value: `${pages.p95.toFixed(1)} ms (p50 ${pages.p50.toFixed(1)} ms, p99 ${pages.p99.toFixed(1)} ms; p95 of processor time ${pages.busy95.toFixed(1)} ms; ${whole(pages.pages)} pages)`, target: "≤ 100 ms", met: pages.p95 <= 100 });
    return figures;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
