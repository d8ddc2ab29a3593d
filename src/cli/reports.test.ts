import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { vedette } from "./test-support.ts";

const ROUTES = { "GET /api/v1/reports/monthly": ["<!doctype html>", "\n"] };

it("reports create writes the file, or to standard output, and says what it asked for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "vedette-report-"));
  const file = join(folder, "november.html");
  const { code, stdout, api } = await vedette(["reports", "create", "--tenant", "orchard", "--month", "2026-11", "--time-zone", "Europe/Berlin", "--output", file], ROUTES);
  expect([code, readFileSync(file, "utf8"), api.calls[0]?.query]).toEqual([0, "<!doctype html>\n", { tenant: "orchard", month: "2026-11", timeZone: "Europe/Berlin", format: "html" }]);
  expect(stdout).toContain("november.html: 16 B");
  const told = await vedette(["reports", "create", "--month", "2026-11", "--format", "csv", "--output", file, "--json"], ROUTES);
  expect(JSON.parse(told.stdout)).toEqual({ file, format: "csv", bytes: 16 });
  expect((await vedette(["reports", "create", "--month", "2026-11", "--output", "-"], ROUTES)).stdout).toBe("<!doctype html>\n");
  rmSync(folder, { recursive: true });
});

it.each([[["--month", "2026-13"], /2026-11/], [["--month", "2026-11", "--format", "pdf"], /html, csv/], [[], /--month/], [["--month", "2026-11", "--output", "-", "--json"], /--output FILE/]] as const)("reports create %j is refused, and says what is expected", async (argv, words) => {
  const { code, stderr, api } = await vedette(["reports", "create", ...argv], ROUTES);
  expect([code, api.calls]).toEqual([64, []]);
  expect(stderr).toMatch(words);
});
