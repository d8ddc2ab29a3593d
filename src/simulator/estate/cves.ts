/**
 * Which weaknesses the risks are about. Made-up ones carry ids of a year that has not come; ids of real ones come only from a file the user gives:
 * lines of `CVE-2021-1234` or `CVE-2021-1234,HIGH,7.5`, empty lines and `#` comments left out.
 */
import { readFileSync } from "node:fs";
import { mix } from "../random.ts";

export interface Cve {
  readonly cveId: string;
  readonly severity: string;
  /** As the API writes it: `7.5`. */
  readonly score: string;
}

export type CveList = readonly Cve[];

const SEVERITIES = [
  ["CRITICAL", 90],
  ["HIGH", 72],
  ["HIGH", 78],
  ["MEDIUM", 55],
  ["MEDIUM", 48],
  ["LOW", 24],
] as const;
const NAMES: ReadonlySet<string> = new Set(SEVERITIES.map(([severity]) => severity));

function graded(cveId: string, number: number, severity?: string, score?: string): Cve {
  const hash = mix(7, 7, number, 0);
  const [ownSeverity, tenths] = SEVERITIES.filter(([name]) => severity === undefined || name === severity)[hash % (severity === undefined ? SEVERITIES.length : 1)] ?? SEVERITIES[0];
  return { cveId, severity: severity ?? ownSeverity, score: score ?? ((tenths + (hash % 8)) / 10).toFixed(1) };
}

/** The number-th weakness: from the list, which goes round, or an invented one. */
export function cveOf(list: CveList | undefined, number: number): Cve {
  const listed = list?.[number % list.length];
  return listed ?? graded(`CVE-2099-${String(10_000 + number)}`, number + 10_000);
}

const LINE = /^(CVE-\d{4}-\d{4,19})(?:\s*,\s*([A-Za-z]+)(?:\s*,\s*(10(?:\.0)?|\d(?:\.\d)?))?)?$/u;

/** Reads a list of CVE ids; throws an Error naming the file and the line that cannot be used. */
export function readCves(file: string): CveList {
  const cves: Cve[] = [];
  for (const [at, text] of readFileSync(file, "utf8").replace(/^\uFEFF/u, "").split("\n").entries()) {
    const line = text.trim();
    if (line === "" || line.startsWith("#")) continue;
    const found = LINE.exec(line);
    const severity = found?.[2]?.toUpperCase();
    if (found?.[1] === undefined || (severity !== undefined && !NAMES.has(severity))) {
      throw new Error(`${file}, line ${String(at + 1)}: expected CVE-YYYY-NNNN, or CVE-YYYY-NNNN,SEVERITY,SCORE with CRITICAL, HIGH, MEDIUM or LOW`);
    }
    cves.push(graded(found[1], at, severity, found[3] === undefined ? undefined : Number(found[3]).toFixed(1)));
  }
  if (cves.length === 0) throw new Error(`${file} holds no CVE ids`);
  return cves;
}
