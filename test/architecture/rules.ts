/**
 * Who may import whom: the table of the house, as code. An edge that is not written here is a failure, so that a new dependency
 * between two parts is a decision somebody made and not an accident.
 */
import { target, type Module } from "./modules.ts";

/** Parts that a part may import besides itself. `sentinelone/streams` is the contract and registry of streams alone. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  net: ["kernel"],
  sentinelone: ["kernel", "net"],
  simulator: ["kernel"],
  normalize: ["kernel"],
  store: ["kernel"],
  mirror: ["kernel", "store", "sentinelone/streams"],
  sync: ["kernel", "store", "mirror", "sentinelone"],
  connections: ["kernel", "store", "sentinelone"],
  delivery: ["kernel", "store", "normalize"],
  "delivery/destinations": ["kernel", "store", "normalize", "net"],
  server: ["kernel", "store", "net"],
  cli: ["kernel", "normalize"],
};

/** Capabilities: the same reach for all; another one only through its `index.ts`. */
export const CAPABILITIES: readonly string[] = ["alerts", "cases", "access", "posture", "vulnerabilities", "notify", "reports"];
const CAPABILITY_MAY_IMPORT: readonly string[] = ["kernel", "store", "mirror"];

/** The composition root names everything; nothing imports it. */
export const ROOTS: readonly string[] = ["main.ts", "compose"];

/** Contracts that other parts may see although they may not import the part: types only, named one by one. */
export const CONTRACTS: Readonly<Record<string, readonly string[]>> = {
  // A stream maps the records of the client's contract, and a replay hands it one back.
  mirror: ["sentinelone/client.ts"],
  // What a kind of destination has to be.
  "delivery/destinations": ["delivery/destination.ts"],
};

/** Packages that only some parts may use; whoever else imports one reaches around the part that owns it. */
export const OWNED_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  undici: ["net"],
  // The mirror answers people's SQL over connections of its own, read-only and apart from the store's.
  // A `.c1z` export is an SQLite database of its own, made and removed apart from the store.
  "better-sqlite3": ["store", "mirror", "access"],
  pg: ["store", "mirror"],
  fastify: ["server"],
  nodemailer: ["delivery/destinations"],
  commander: ["cli"],
  graphql: ["simulator"],
};

export interface Violation {
  readonly from: string;
  readonly to: string;
  readonly line: number;
  readonly why: string;
}

export function partOf(path: string): string {
  if (path.startsWith("delivery/destinations/")) return "delivery/destinations";
  return path.split("/")[0] ?? path;
}

export function violations(modules: readonly Module[]): readonly Violation[] {
  return modules.flatMap((module) => module.imports.flatMap((entry) => {
    const why = verdict(module.path, entry.specifier);
    return why === undefined ? [] : [{ from: module.path, to: entry.specifier, line: entry.line, why }];
  }));
}

/** Undefined when the import is allowed, otherwise the reason why not. */
function verdict(from: string, specifier: string): string | undefined {
  const part = partOf(from);
  const to = target(from, specifier);
  if (specifier.startsWith("computed: ")) return ROOTS.includes(part) ? undefined : "an import computed at run time cannot be checked";
  if (to === undefined) return packageVerdict(part, specifier);
  if (to.startsWith("..")) return ROOTS.includes(part) && to === "../package.json" ? undefined : "leaves src";
  const other = partOf(to);
  if (other === part || ROOTS.includes(part)) return undefined;
  if (ROOTS.includes(other)) return "nothing imports the composition root";
  if (CONTRACTS[part]?.includes(to) === true) return undefined;
  if (CAPABILITIES.includes(part)) return capabilityVerdict(other, to);
  const allowed = MAY_IMPORT[part];
  if (allowed === undefined) return `${part} is not in the table of parts`;
  return allowed.some((name) => to.startsWith(`${name}/`)) ? undefined : `${part} may import ${allowed.length === 0 ? "nothing of ours" : allowed.join(", ")} only`;
}

function capabilityVerdict(other: string, to: string): string | undefined {
  if (CAPABILITIES.includes(other)) return to === `${other}/index.ts` ? undefined : "a capability sees another one through its index.ts only";
  return CAPABILITY_MAY_IMPORT.includes(other) ? undefined : `a capability may import ${CAPABILITY_MAY_IMPORT.join(", ")} and other capabilities' index.ts`;
}

function packageVerdict(part: string, specifier: string): string | undefined {
  const name = specifier.startsWith("@") ? specifier.split("/").slice(0, 2).join("/") : (specifier.split("/")[0] ?? specifier);
  const owners = OWNED_PACKAGES[name];
  if (owners === undefined || owners.includes(part) || ROOTS.includes(part)) return undefined;
  return `only ${owners.join(", ")} may use ${name}`;
}

/** A circle between capabilities, as the parts it runs through; undefined where there is none. */
export function circle(modules: readonly Module[]): readonly string[] | undefined {
  const edges = new Map<string, Set<string>>();
  for (const module of modules) {
    for (const entry of module.imports) {
      const to = target(module.path, entry.specifier);
      if (to === undefined || partOf(to) === partOf(module.path)) continue;
      const seen = edges.get(partOf(module.path)) ?? new Set();
      edges.set(partOf(module.path), seen.add(partOf(to)));
    }
  }
  const walk = (part: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(part)) return [...path.slice(path.indexOf(part)), part];
    for (const next of edges.get(part) ?? []) {
      const found = walk(next, [...path, part]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const part of edges.keys()) {
    const found = walk(part, []);
    if (found !== undefined) return found;
  }
  return undefined;
}
