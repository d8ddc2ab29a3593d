import { describe, expect, it } from "vitest";
import { allModules, filesBelow, ROOT } from "./modules.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Why each of these may read a secret's text. Everyone else handles it closed. */
const MAY_REVEAL: Readonly<Record<string, string>> = {
  net: "sends it to its own host",
  sentinelone: "asks the console about the token itself",
  connections: "seals it in the vault",
  delivery: "opens a destination's sealed configuration, to send with it",
  store: "opens the database with its password",
  posture: "shows a provider's secret the once it is made",
  server: "compares a hash of an API key",
  cli: "hands what was typed to the hub",
  compose: "hands the environment's to the parts",
  "main.ts": "hands the environment's to the parts",
  mirror: "opens the database with its password, to answer SQL",
};

describe("secrets", () => {
  it("are opened only where there is a reason", () => {
    const openers = new Set(allModules().filter((module) => module.source.includes(".reveal()")).map((module) => module.path.split("/")[0] ?? ""));

    expect([...openers].filter((part) => !(part in MAY_REVEAL))).toEqual([]);
  });

  it("no code evaluates text as code", () => {
    const evaluating = allModules().filter((module) => /\beval\s*\(|\bnew Function\b|from "node:vm"/.test(module.source));

    expect(evaluating.map((module) => module.path)).toEqual([]);
  });

  it("no document or fixture holds a token or a real customer's console", () => {
    const files = [...filesBelow(join(ROOT, "docs")).map((path) => join(ROOT, "docs", path)), join(ROOT, "README.md")];
    const found = files.filter((file) => {
      const text = readFileSync(file, "utf8");
      const hosts = [...text.matchAll(/\b([\w-]+)\.sentinelone\.net\b/g)].map((match) => match[1] ?? "");
      return /eyJ[\w-]{20,}\.[\w-]{20,}\./.test(text) || /\b[A-Za-z0-9]{80}\b/.test(text) || hosts.some((host) => !["usea1-011", "console", "xdr", "ingest", "id"].includes(host));
    });

    expect(found).toEqual([]);
  });
});
