import { describe, expect, it } from "vitest";
import { allModules, importsOf, type Module } from "./modules.ts";
import { circle, partOf, violations, MAY_IMPORT, CAPABILITIES, ROOTS } from "./rules.ts";

const report = (modules: readonly Module[]): readonly string[] => violations(modules).map((one) => `src/${one.from}:${String(one.line)} imports ${one.to}: ${one.why}`);
const planted = (path: string, source: string): Module => ({ path, source, imports: importsOf(path, source) });

describe("who may import whom", () => {
  it("every import in src is one that the table allows", () => {
    expect(report(allModules())).toEqual([]);
  });

  it("every part of src is in the table", () => {
    const known = new Set([...Object.keys(MAY_IMPORT), ...CAPABILITIES, ...ROOTS]);

    expect([...new Set(allModules().map((module) => partOf(module.path)))].filter((part) => !known.has(part))).toEqual([]);
  });

  it("no circle runs between parts", () => {
    expect(circle(allModules())).toBeUndefined();
  });

  it("the walk is not vacuous: it sees the edges that are there", () => {
    const edges = allModules().reduce((sum, module) => sum + module.imports.length, 0);

    expect(edges).toBeGreaterThan(100);
    expect(allModules().find((module) => module.path === "kernel/secret.ts")?.imports).toEqual([{ specifier: "node:util", line: 5 }]);
  });
});

describe("planted bad edges are found", () => {
  it.each([
    ["kernel/x.ts", 'import { a } from "../store/store.ts";'],
    ["simulator/x.ts", 'import type { Stream } from "../sentinelone/streams/stream.ts";'],
    ["mirror/x.ts", 'import type { Pager } from "../sentinelone/pager.ts";'],
    ["cli/x.ts", 'export * from "../store/store.ts";'],
    ["cli/x.ts", 'export type { Store } from "../store/store.ts";'],
    ["server/x.ts", 'const later = await import("../posture/index.ts");'],
    ["server/x.ts", 'const name = "x"; await import(`../${name}.ts`);'],
    ["sync/x.ts", 'type Hidden = import("../connections/vault.ts").Vault;'],
    ["sync/x.ts", 'import "../main.ts";'],
    ["posture/x.ts", 'import { open } from "../cases/model.ts";'],
    ["posture/x.ts", 'import { fetchIt } from "../net/http.ts";'],
    ["delivery/x.ts", 'import { send } from "../net/http.ts";'],
    ["sentinelone/x.ts", 'import { request } from "undici";'],
    ["kernel/x.ts", 'import data from "../../package.json" with { type: "json" };'],
    ["newcomer/x.ts", 'import { Fault } from "../kernel/fault.ts";'],
  ])("%s: %s", (path, source) => {
    expect(report([planted(path, source)])).toHaveLength(1);
  });

  it.each([
    ["mirror/x.ts", 'import type { Stream } from "../sentinelone/streams/stream.ts";'],
    ["posture/x.ts", 'import { open } from "../cases/index.ts";'],
    ["delivery/destinations/x.ts", 'import { send } from "../../net/http.ts";'],
    ["main.ts", 'import { open } from "./store/sqlite.ts";'],
    ["cli/x.ts", '// import { a } from "../store/store.ts";\nconst text = \'import "../store/store.ts"\';'],
  ])("what is allowed stays allowed: %s: %s", (path, source) => {
    expect(report([planted(path, source)])).toEqual([]);
  });

  it("a circle between two capabilities", () => {
    const modules = [planted("posture/x.ts", 'import "../cases/index.ts";'), planted("cases/y.ts", 'import "../posture/index.ts";')];

    expect(circle(modules)).toEqual(["posture", "cases", "posture"]);
  });
});
