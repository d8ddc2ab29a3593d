/**
 * The floor: the same HTTP client and the same pages, JSON.parse and drop. `node bench/floor.ts URL PATHS_FILE IN_FLIGHT` prints rows,
 * seconds and its own peak memory as one line of JSON.
 */
import { readFileSync } from "node:fs";
import { createHttpClient } from "../src/net/http.ts";

const [origin = "", pathsFile = "", inFlight = "1"] = process.argv.slice(2);
const paths = JSON.parse(readFileSync(pathsFile, "utf8")) as string[];
const client = createHttpClient({ origin, allowedHosts: [{ host: new URL(origin).hostname, port: Number(new URL(origin).port) }] });

let rows = 0;
const queue = [...paths];
const began = performance.now();
await Promise.all(
  Array.from({ length: Number(inFlight) }, async () => {
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      const answer = await client.request({ method: "GET", path, headers: { accept: "application/json", "accept-encoding": "gzip" } });
      const page = JSON.parse(answer.body.toString("utf8")) as { readonly data: unknown };
      if (Array.isArray(page.data)) rows += page.data.length;
    }
  }),
);
const seconds = (performance.now() - began) / 1000;
await client.close();
process.stdout.write(`${JSON.stringify({ rows, seconds, pages: paths.length, cpu: (process.resourceUsage().userCPUTime + process.resourceUsage().systemCPUTime) / 1e6, peakMb: process.resourceUsage().maxRSS / 1024 })}\n`);
