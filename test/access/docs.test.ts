import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EVERYDAY_WORDS } from "../../src/access/permission-words.ts";
import { ACCESS_EXPORT_FORMATS } from "../../src/kernel/access-api.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const GUIDE = read("docs/access.md");

describe("the guide to access", () => {
  it("names only commands there are", () => {
    const commands = read("docs/commands.md");
    const typed = [...GUIDE.matchAll(/vedette access (?:risks (?:list|lists upload|except)\b|\w+)/g)].map(([line]) => line.replace("lists upload", "lists"));
    expect(new Set(typed).size).toBeGreaterThan(8);
    expect([...new Set(typed)].filter((line) => !commands.includes(line))).toEqual([]);
  });

  it("names only options that some command has", () => {
    const known = new Set([...read("docs/commands.md").matchAll(/--[a-z][a-z-]+/g)].map(([option]) => option));
    const blocks = [...GUIDE.matchAll(/```sh\n(.+?)```/gs)].map(([, text]) => text ?? "").join("\n");
    expect([...new Set([...blocks.matchAll(/(?<=\s)--[a-z][a-z-]+/g)].map(([option]) => option))].filter((option) => !known.has(option))).toEqual([]);
  });

  it("says the everyday words that are understood", () => {
    const [words = ""] = /everyday word: .+? and \[/s.exec(GUIDE) ?? [];
    const named = [...words.matchAll(/`([a-z ]+)`/g)].map(([, word = ""]) => word.replaceAll(" ", ""));
    expect(named.length).toBeGreaterThan(4);
    expect(named.filter((word) => EVERYDAY_WORDS[word] === undefined)).toEqual([]);
  });

  it("has a row for every format, and bodies that are JSON", () => {
    for (const format of ACCESS_EXPORT_FORMATS) expect(GUIDE).toContain(`| \`vedette access export --format ${format}\``);
    const bodies = [...GUIDE.matchAll(/```json\n(.+?)```/gs)].map(([, text]) => JSON.parse(text ?? "") as Readonly<Record<string, unknown>>);
    expect(bodies.map((body) => Object.keys(body))).toEqual([["principals", "roles", "scopes", "bindings"]]);
  });

  it("names paths of the API as the hub serves them", () => {
    const served = ["question-routes", "export-routes"].map((file) => read(`src/access/${file}.ts`)).join();
    const named = [...GUIDE.matchAll(/\/api\/v1\/access\/(\w+)/g)].map(([, path = ""]) => path);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((path) => !served.includes(`/access/${path}`) && !served.includes(`\${BASE}/${path}`))).toEqual([]);
  });

  it("leads only to sections there are", () => {
    const headings = new Set([...GUIDE.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replaceAll(/[^a-z0-9 -]/g, "").replaceAll(" ", "-")));
    expect([...GUIDE.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor = ""]) => anchor).filter((anchor) => !headings.has(anchor))).toEqual([]);
  });
});
