import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { STREAM_IDS } from "../../src/kernel/stream-ids.ts";
import { STREAMS } from "../../src/sentinelone/streams/index.ts";
import { staleDocuments } from "../../tools/docs.ts";
import { allModules, filesBelow, ROOT, SRC } from "./modules.ts";

const LONGEST = 500;

function names(folder: string): readonly string[] {
  return readdirSync(join(SRC, folder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
}

describe("an install", () => {
  it("compiles nothing: the lock file repeats that better-sqlite3 brings its binaries", () => {
    const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { readonly packages: Readonly<Record<string, { readonly gypfile?: boolean }>> };

    expect(lock.packages["node_modules/better-sqlite3"]?.gypfile).toBe(false);
  });
});

describe("what is in a folder is what is registered", () => {
  it("every command's file is registered under its own name, and the other way round", () => {
    const files = names("cli/commands").filter((name) => name !== "index.ts").map((name) => name.replace(".ts", ""));

    expect(COMMANDS.map((command) => command.id).toSorted()).toEqual(files.toSorted());
  });

  it("every stream has a file of its own name and is registered once, in the order of the ids", () => {
    expect(STREAMS.map((stream) => stream.id)).toEqual([...STREAM_IDS]);
    expect(STREAM_IDS.filter((id) => !names("sentinelone/streams").includes(`${id}.ts`))).toEqual([]);
  });

  it("every file that declares a stream is registered", () => {
    const declaring = names("sentinelone/streams").filter((name) => /^export const \w+: Stream\b/m.test(readFileSync(join(SRC, "sentinelone/streams", name), "utf8")));

    expect(declaring.map((name) => name.replace(".ts", "")).filter((name) => !STREAMS.some((stream) => stream.id === name))).toEqual([]);
  });
});

describe("every file", () => {
  const files = filesBelow(SRC);
  const sources = files.filter((path) => path.endsWith(".ts"));

  it("of code opens with a comment that says its job", () => {
    const silent = allModules().filter((module) => !/^(#![^\n]*\n)?\s*\/\*\*/.test(module.source));

    expect(silent.map((module) => module.path)).toEqual([]);
  });

  it("opens with at most ten lines of it", () => {
    const wordy = allModules().filter((module) => (/^(?:#![^\n]*\n)?\s*\/\*\*[^]*?\*\//.exec(module.source)?.[0].split("\n").length ?? 0) > 12);

    expect(wordy.map((module) => module.path)).toEqual([]);
  });

  it("is named in kebab-case", () => {
    expect(files.filter((path) => !/^([a-z0-9-]+\/)*[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(path) && !path.endsWith("/README.md"))).toEqual([]);
  });

  it(`is at most ${String(LONGEST)} lines long`, () => {
    expect(sources.filter((path) => readFileSync(join(SRC, path), "utf8").split("\n").length > LONGEST)).toEqual([]);
  });
});

describe("every route", () => {
  interface Node {
    readonly type: string;
    readonly [key: string]: unknown;
  }

  const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

  /** Property names of the object given to each `defineRoute`; null where it is given something else. */
  function declarations(path: string, source: string): readonly (readonly string[] | null)[] {
    const found: (readonly string[] | null)[] = [];
    const walk = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(walk);
      if (!isNode(value)) return;
      if (value.type === "CallExpression" && isNode(value["callee"]) && value["callee"]["name"] === "defineRoute") {
        const [argument] = value["arguments"] as readonly unknown[];
        found.push(isNode(argument) && argument.type === "ObjectExpression" ? (argument["properties"] as readonly { key?: { name?: string } }[]).map((property) => property.key?.name ?? "…") : null);
      }
      for (const [key, child] of Object.entries(value)) if (key !== "type") walk(child);
    };
    walk(parseSync(path, source).program);
    return found;
  }

  const declared = allModules().flatMap((module) => (module.source.includes("defineRoute(") ? declarations(module.path, module.source).map((keys) => ({ path: module.path, keys })) : []));

  it("states who may call it and what the audit log says of it", () => {
    expect(declared.filter(({ keys }) => keys === null || !keys.includes("permission") || !keys.includes("audit"))).toEqual([]);
    expect(declared.length).toBeGreaterThan(20);
  });

  it("is declared through defineRoute, never asserted", () => {
    expect(allModules().filter((module) => module.path !== "kernel/route.ts" && /\bas (unknown as )?Route\b/.test(module.source)).map((module) => module.path)).toEqual([]);
  });

  it("without them would be found", () => {
    expect(declarations("x.ts", 'defineRoute({ method: "GET", permission: "sql.read" }); defineRoute(other);')).toEqual([["method", "permission"], null]);
  });
});

describe("documents", () => {
  it("that are generated say what the code says", async () => {
    expect(await staleDocuments()).toEqual([]);
  });

  it("link only to files that exist, and promises only to tests that exist", () => {
    const broken: string[] = [];
    const documents = ["README.md", ...filesBelow(join(ROOT, "docs")).filter((path) => path.endsWith(".md")).map((path) => `docs/${path}`)];
    for (const document of documents) {
      const folder = document.startsWith("docs/") ? join(ROOT, document, "..") : ROOT;
      const text = readFileSync(join(ROOT, document), "utf8");
      for (const [, link = ""] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) if (!exists(join(folder, link))) broken.push(`${document}: ${link}`);
      for (const [, file = ""] of text.matchAll(/`((?:src|test|bench|tools|bin)\/[\w./-]+\.(?:ts|mjs))`/g)) if (!exists(join(ROOT, file))) broken.push(`${document}: ${file}`);
    }

    expect(broken).toEqual([]);
  });
});

function exists(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EISDIR";
  }
}
