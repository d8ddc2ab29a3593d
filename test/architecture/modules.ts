/** The source tree as data: every module, what it imports (parsed, never guessed by pattern), and its opening comment. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const SRC = join(ROOT, "src");

export interface Import {
  /** As written: `../kernel/fault.ts`, `node:fs`, `kysely`. */
  readonly specifier: string;
  readonly line: number;
}

export interface Module {
  /** Below `src`, with `/`: `sync/runner.ts`. */
  readonly path: string;
  readonly source: string;
  readonly imports: readonly Import[];
}

/** Static imports, re-exports and dynamic imports of a module, types included: a type is a dependency too. */
export function importsOf(path: string, source: string): readonly Import[] {
  const parsed = parseSync(path, source);
  if (parsed.errors.length > 0) throw new Error(`${path} cannot be parsed: ${parsed.errors.map((error) => error.message).join("; ")}`);
  const lineAt = (offset: number): number => source.slice(0, offset).split("\n").length;
  const found: Import[] = [];
  for (const entry of parsed.module.staticImports) found.push({ specifier: entry.moduleRequest.value, line: lineAt(entry.start) });
  for (const entry of parsed.module.staticExports) {
    const request = entry.entries.find((one) => one.moduleRequest !== null)?.moduleRequest;
    if (request !== null && request !== undefined) found.push({ specifier: request.value, line: lineAt(entry.start) });
  }
  for (const entry of parsed.module.dynamicImports) {
    const written = source.slice(entry.moduleRequest.start, entry.moduleRequest.end);
    const literal = /^(["'`])([^"'`$]*)\1$/.exec(written);
    found.push({ specifier: literal?.[2] ?? `computed: ${written}`, line: lineAt(entry.start) });
  }
  // `type X = import("./x.ts").Y` is a type's import and in no list of the parser's.
  for (const match of source.matchAll(/(?<![\w$.])import\(\s*"([^"]+)"\s*\)\s*\./g)) found.push({ specifier: match[1] ?? "", line: lineAt(match.index) });
  return found;
}

export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .toSorted();
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || /(^|\/)(test-[\w-]+|[\w-]+-contract|[\w-]*fixtures?|testing)\.ts$/.test(path) || /(^|\/)(testing|fixtures|test)\//.test(path);
}

let modules: readonly Module[] | undefined;

/** Every module below `src`, tests left out. */
export function allModules(): readonly Module[] {
  modules ??= filesBelow(SRC)
    .filter((path) => path.endsWith(".ts") && !isTest(path))
    .map((path) => {
      const source = readFileSync(join(SRC, path), "utf8");
      return { path, source, imports: importsOf(path, source) };
    });
  return modules;
}

/** Where a relative import leads, below `src`; undefined for packages and Node's own modules. */
export function target(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(SRC, resolve(SRC, dirname(from), specifier)).split(sep).join("/");
}
