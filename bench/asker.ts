/**
 * Asks a serving hub one question after the other, over HTTP and from a process of its own, so that only what the hub takes is counted: `asker.ts URL BEARER FILE`. The file holds
 * the questions by kind; prints milliseconds of each kind, p50 and p99, as one line of JSON.
 */
import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Client } from "undici";

export interface Questions {
  /** How many of each kind are asked first, uncounted. */
  readonly warm: number;
  /** Paths, by kind. */
  readonly questions: Readonly<Record<string, readonly string[]>>;
}

export interface Answered {
  readonly p50: number;
  readonly p99: number;
}

const [url = "", bearer = "", file = ""] = process.argv.slice(2);
const { warm, questions } = JSON.parse(readFileSync(file, "utf8")) as Questions;
const client = new Client(url, { pipelining: 1 });
const figures: Record<string, Answered> = {};
for (const [kind, paths] of Object.entries(questions)) {
  const times: number[] = [];
  for (const [place, path] of paths.entries()) {
    await setImmediate();
    const from = performance.now();
    const answer = await client.request({ method: "GET", path, headers: { authorization: `Bearer ${bearer}` } });
    const body = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path} answered ${String(answer.statusCode)}: ${body.slice(0, 300)}`);
    if (place >= warm) times.push(performance.now() - from);
  }
  times.sort((one, other) => one - other);
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
  figures[kind] = { p50: at(0.5), p99: at(0.99) };
}
await client.close();
process.stdout.write(`${JSON.stringify(figures)}\n`);
