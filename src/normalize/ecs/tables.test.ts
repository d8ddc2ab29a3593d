/** The tables of docs/normalize.md hold what the maps give, and nothing that they do not. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../kernel/json.ts";
import { RECORD_KINDS } from "../contract.ts";
import { goldenPairs } from "../golden.test-kit.ts";

const PAGE = readFileSync(new URL("../../../docs/normalize.md", import.meta.url), "utf8");

/** Fields of the table below a heading, with `a.{b,c}` as two. */
function tabled(heading: string): ReadonlySet<string> {
  const from = PAGE.indexOf(heading);
  if (from === -1) throw new Error(`no ${heading} in docs/normalize.md`);
  const section = PAGE.slice(from + heading.length).split(/\n###? /)[0] ?? "";
  const cells = section.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|")[1] ?? "");
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, field = ""]) => expanded(field))));
}

function expanded(field: string): readonly string[] {
  const braces = /^(.*)\{([^}]+)\}$/.exec(field);
  return braces === null ? [field] : (braces[2] ?? "").split(",").map((name) => `${braces[1] ?? ""}${name}`);
}

function fieldsOf(value: Json | undefined, path: string): readonly string[] {
  if (path.endsWith(".labels") || path === "sentinelone.scope") return [path];
  if (Array.isArray(value)) return [...new Set((value as readonly Json[]).flatMap((one) => fieldsOf(one, path)))];
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value as JsonObject).flatMap(([key, part]) => fieldsOf(part, path === "" ? key : `${path}.${key}`));
}

const OURS = new Set(["sentinelone.scope", "sentinelone.external_ip"]);

function givenBy(kind: string): ReadonlySet<string> {
  const documents = goldenPairs().filter((pair) => pair.name.startsWith("ecs/") && pair.kind === kind).map(({ made }) => JSON.parse(made) as JsonObject);
  return new Set(documents.flatMap((document) => fieldsOf(document, "")).filter((field) => !field.startsWith("sentinelone.") || OURS.has(field)));
}

describe("tables of fields", () => {
  const everywhere = tabled("### In every document");
  const shared = tabled("### Where a record has it");
  const given = new Map(RECORD_KINDS.map((kind) => [kind, givenBy(kind)]));

  it.each(RECORD_KINDS)("hold every field of %s, and none that is not given", (kind) => {
    const heading = new RegExp(`### .*\\(\`${kind}\`\\)`).exec(PAGE)?.[0] ?? kind;
    const own = tabled(heading);
    const fields = given.get(kind) ?? new Set();

    expect([...fields].filter((field) => !everywhere.has(field) && !shared.has(field) && !own.has(field))).toEqual([]);
    expect([...own, ...everywhere].filter((field) => !fields.has(field))).toEqual([]);
  });

  it("hold no shared field that no kind of record gives", () => {
    const all = new Set([...given.values()].flatMap((fields) => [...fields]));

    expect([...shared].filter((field) => !all.has(field))).toEqual([]);
  });
});
