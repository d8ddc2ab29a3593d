/**
 * Asks a serving hub about devices, as Cloudflare does: over HTTP, from a process of its own, so that only what the hub takes is counted. Started with
 * what `posture-steps.ts serve` announced; ends with one line of JSON.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Client } from "undici";
import { CLOUDFLARE_PATH } from "../src/posture/cloudflare.ts";
import { serialOf } from "./posture-serial.ts";

const WARM_UP = 500;
const REQUESTS = 400;
const EVERY_MS = 50;
const AT_ONCE = 1_000;
const SINGLE_WARM_UP = 5_000;
const SINGLE = 2_000;

export interface Served {
  readonly url: string;
  readonly devices: number;
  readonly pid: number;
  readonly bearer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Asked {
  /** Milliseconds from the moment the request was due to its last byte: what waits behind a slow one counts. */
  readonly manyP50: number;
  readonly manyP99: number;
  /** Processor time of the hub, of which collecting garbage beside the requests is a part; milliseconds a request. */
  readonly cpu: number;
  readonly singleP50: number;
  readonly singleP99: number;
  /** Memory of the hub in the second half of the requests, MB. */
  readonly grownMb: number;
}

interface Answered {
  readonly result: Readonly<Record<string, { readonly s2s_id: string }>>;
}

async function ask({ url, devices, pid, bearer, clientId, clientSecret }: Served): Promise<Asked> {
  const client = new Client(url, { pipelining: 1 });
  const cloudflare = { "content-type": "application/json", "cf-access-client-id": clientId, "cf-access-client-secret": clientSecret };

  function question(start: number): Buffer {
    const asked = Array.from({ length: AT_ONCE }, (_unused, place) => ({ device_id: String(place), serial_number: serialOf((start + place * 7_919) % devices), email: "", mac_address: "", hostname: "", virtual_ipv4: "" }));
    return Buffer.from(JSON.stringify({ devices: asked }));
  }
  async function send(options: { method: "POST" | "GET"; path: string; headers: Readonly<Record<string, string>>; body?: Buffer }): Promise<Buffer> {
    const answer = await client.request({ ...options, headers: { ...options.headers } });
    const body = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) throw new Error(`${options.path} answered ${String(answer.statusCode)}: ${body.toString("utf8", 0, 300)}`);
    return body;
  }
  const many = (body: Buffer): Promise<Buffer> => send({ method: "POST", path: CLOUDFLARE_PATH, headers: cloudflare, body });
  const one = (place: number): Promise<Buffer> => send({ method: "GET", path: `/api/v1/posture/devices?serial=${serialOf(place % devices)}`, headers: { authorization: `Bearer ${bearer}` } });

  // The hub's heap takes its size in the first half million answers.
  for (let round = 0; round < WARM_UP; round += 1) check(await many(question(round * 31)));
  const waited: number[] = [];
  const cpuBefore = cpuMs(pid);
  let halfway = 0;
  const began = performance.now() + EVERY_MS;
  for (let request = 0; request < REQUESTS; request += 1) {
    if (request === REQUESTS / 2) halfway = residentMb(pid);
    const body = question(request * 104_729);
    const due = began + request * EVERY_MS;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now() - 1)));
    while (performance.now() < due);
    const answer = await many(body);
    waited.push(performance.now() - due);
    check(answer);
  }
  const cpu = (cpuMs(pid) - cpuBefore) / REQUESTS;
  const grownMb = residentMb(pid) - halfway;
  const single: number[] = [];
  for (let request = 0; request < SINGLE_WARM_UP + SINGLE; request += 1) {
    const from = performance.now();
    await one(request * 15_485_863);
    if (request >= SINGLE_WARM_UP) single.push(performance.now() - from);
  }
  await client.close();
  return { manyP50: percentile(waited, 0.5), manyP99: percentile(waited, 0.99), cpu, singleP50: percentile(single, 0.5), singleP99: percentile(single, 0.99), grownMb };
}

function check(answer: Buffer): void {
  const { result } = JSON.parse(answer.toString()) as Answered;
  const found = Object.values(result);
  if (found.length !== AT_ONCE || found.some(({ s2s_id: id }) => id === "")) throw new Error("A device was not found.");
}

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
}

/** Of all threads, from Linux's own books, in hundredths of a second; NaN where there are none. */
function cpuMs(pid: number): number {
  const fields = proc(pid, "stat").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(proc(pid, "status"))?.[1]) / 1_024;
}

function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, "utf8");
  } catch {
    return "";
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${JSON.stringify(await ask(JSON.parse(process.argv[2] ?? "") as Served))}\n`);
