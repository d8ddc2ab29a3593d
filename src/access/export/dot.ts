/**
 * A picture of the graph for Graphviz: the tree of scopes, on each the roles that are held there and by how many. It stays readable: of many scopes side by side those
 * with the most assignments are drawn and the rest counted, and a part is chosen with `below`. Names are shown, never obeyed: no quote, escape or control
 * character of theirs reaches the language.
 */
import { Fault } from "../../kernel/fault.ts";
import type { AccessCoverage } from "../../kernel/access-api.ts";
import type { ExportOptions } from "./source.ts";
import type { ScopeColumns } from "./rows.ts";
import type { Spool } from "./spool.ts";
import { TextFile } from "./text-file.ts";

const MOST_SCOPES = 200;
const MOST_BESIDE = 12;
const MOST_ROLES = 8;
const LINE_LENGTH = 80;
const FILLS: Readonly<Record<string, string>> = { global: "#d7e3f4", account: "#e3eedb", site: "#fdf3d8", group: "#f6e6e4" };
const LEVELS: Readonly<Record<string, string>> = { global: "Global", account: "Account", site: "Site", group: "Group" };

export function writeDot(spool: Spool, file: string, { coverage, below }: Omit<ExportOptions, "format">): void {
  const roots = below === undefined ? spool.db.prepare<[], ScopeColumns>(ROOTS).all() : spool.db.prepare<[string, string, string], ScopeColumns>("select * from scopes where connection = ? and kind = ? and id = ?").all(below.connection, below.kind, below.id);
  if (below !== undefined && roots.length === 0) throw new Fault("NOT_FOUND", `There is no ${below.kind} ${below.id.slice(0, 60)} in this connection.`, { cure: "`vedette access list scopes` names them." });
  const out = new TextFile(file);
  try {
    out.write(`digraph access {\n  graph [rankdir=LR, fontname="Helvetica", labelloc=t, label=${quoted(title(spool, coverage))}];\n  node [shape=box, style=filled, fontname="Helvetica", fontsize=10];\n  edge [color="#888888", arrowhead=none];\n`);
    draw(spool, roots, (line) => out.write(`  ${line}\n`));
    out.write("}\n");
  } finally {
    out.close();
  }
}

/** A scope whose parent is unknown, or that is said to be its own, begins a tree. */
const ROOTS = `
  select s.* from scopes s join kinds k using (kind) where s.parent_id is null or (s.parent_kind = s.kind and s.parent_id = s.id)
  order by s.connection, k.level, s.id limit ${String(MOST_BESIDE)}`;

/** Those with the most assignments first. */
const CHILDREN = `
  select s.*, (select count(*) from bindings b where b.connection = s.connection and b.scope_kind = s.kind and b.scope_id = s.id) as held
  from scopes s where s.connection = ? and s.parent_kind = ? and s.parent_id = ? and not (s.kind = s.parent_kind and s.id = s.parent_id) order by held desc, s.name, s.kind, s.id limit ?`;
const ALL_CHILDREN = `
  select count(*) as scopes, coalesce(sum((select count(*) from bindings b where b.connection = s.connection and b.scope_kind = s.kind and b.scope_id = s.id)), 0) as held
  from scopes s where s.connection = ? and s.parent_kind = ? and s.parent_id = ? and not (s.kind = s.parent_kind and s.id = s.parent_id)`;

type Child = ScopeColumns & { readonly held: number };

function draw({ db }: Spool, roots: readonly ScopeColumns[], line: (text: string) => void): void {
  const children = db.prepare<[string, string, string, number], Child>(CHILDREN);
  const all = db.prepare<[string, string, string], { scopes: number; held: number }>(ALL_CHILDREN);
  const drawn = new Map<string, number>();
  const keyOf = (scope: ScopeColumns): string => JSON.stringify([scope.connection, scope.kind, scope.id]);
  const node = (scope: ScopeColumns): void => {
    const name = drawn.size;
    drawn.set(keyOf(scope), name);
    line(`s${String(name)} [fillcolor="${FILLS[scope.kind] ?? "#eeeeee"}", label=${quoted([heading(scope), ...rolesOn(db, scope)])}];`);
  };
  const waiting = roots.slice(0, MOST_SCOPES);
  for (const root of waiting) node(root);
  for (let scope = waiting.shift(); scope !== undefined; scope = waiting.shift()) {
    const from = `s${String(drawn.get(keyOf(scope)))}`;
    const place = [scope.connection, scope.kind, scope.id] as const;
    const room = Math.min(MOST_BESIDE, MOST_SCOPES - drawn.size);
    const shown = (room > 0 ? children.all(...place, room) : []).filter((child) => !drawn.has(keyOf(child)));
    for (const child of shown) {
      node(child);
      line(`${from} -> s${String(drawn.get(keyOf(child)))};`);
      waiting.push(child);
    }
    const whole = all.get(...place) ?? { scopes: 0, held: 0 };
    const rest = whole.scopes - shown.length;
    if (rest <= 0) continue;
    const held = whole.held - shown.reduce((sum, child) => sum + child.held, 0);
    line(`${from}_more [style=dashed, label=${quoted([`+ ${String(rest)} more`, count(held, "assignment")])}];`);
    line(`${from} -> ${from}_more [style=dashed];`);
  }
}

function heading(scope: ScopeColumns): string {
  const level = LEVELS[scope.kind] ?? scope.kind;
  return `${scope.name === level ? "" : `${level}: `}${scope.name ?? scope.id}${scope.state === null || scope.state === "active" ? "" : ` (${scope.state})`}${scope.inferred === 1 ? " (by reference)" : ""}`;
}

function rolesOn(db: Spool["db"], scope: ScopeColumns): readonly string[] {
  const rows = db
    .prepare<[string, string, string], { name: string; users: number; services: number }>(
      `select r.name, sum(b.principal_kind = 'user') as users, sum(b.principal_kind <> 'user') as services from bindings b join roles r on r.connection = b.connection and r.id = b.role
       where b.connection = ? and b.scope_kind = ? and b.scope_id = ? group by r.id, r.name order by count(*) desc, r.name, r.id`,
    )
    .all(scope.connection, scope.kind, scope.id);
  const lines = rows.slice(0, MOST_ROLES).map(({ name, users, services }) => `${name}: ${[users > 0 ? count(users, "user") : "", services > 0 ? count(services, "service user") : ""].filter((text) => text !== "").join(", ")}`);
  return rows.length > MOST_ROLES ? [...lines, `and ${count(rows.length - MOST_ROLES, "more role")}`] : lines;
}

function title({ db }: Spool, coverage: readonly AccessCoverage[]): readonly string[] {
  const totals = db.prepare<[], { users: number; services: number; held: number }>("select (select count(*) from principals where kind = 'user') as users, (select count(*) from principals where kind <> 'user') as services, (select count(*) from bindings) as held").get();
  const names = coverage.map(({ connection, name }) => name ?? connection).join(", ");
  return [`Access: ${names}`, `${count(totals?.users ?? 0, "user")}, ${count(totals?.services ?? 0, "service user")}, ${count(totals?.held ?? 0, "assignment")}`, ...coverage.flatMap(({ notes }) => notes.map((note) => `missing: ${note}`)).slice(0, MOST_ROLES)];
}

function count(n: number, noun: string): string {
  return `${String(n)} ${noun}${n === 1 ? "" : "s"}`;
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** A quoted string of the language, one line under the other: a backslash would begin an escape even inside one. */
function quoted(lines: readonly string[]): string {
  return `"${lines.map((text) => shown(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')).join("\\n")}"`;
}

function shown(text: string): string {
  const visible = text.replace(UNSAFE, (character) => `{u+${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return visible.length <= LINE_LENGTH ? visible : `${visible.slice(0, LINE_LENGTH - 1).toWellFormed()}…`;
}
