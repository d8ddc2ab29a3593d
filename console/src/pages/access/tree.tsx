/** The scopes of every console, opened a level at a time, each with how many hold a role on it. */
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call, type Answer } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { useTenant } from "../../parts/url.ts";
import { count } from "../../parts/words.tsx";
import { ScopeMark } from "./path.tsx";
import { kindWord, scopeRef } from "./words.ts";

type Node = Answer<"GET /api/v1/access/tree">["items"][number];
type Scope = Answer<"GET /api/v1/access/scopes">["items"][number];

export interface TreeState {
  /** By `connection kind:id`. */
  readonly chosen: string | null;
  /** What the chosen one lies in: open, unless somebody closed it. */
  readonly above: ReadonlySet<string>;
  readonly nameOf: (connection: string) => string;
}

export function treeKey(connection: string, scope: Pick<Scope, "kind" | "id">): string {
  return `${connection} ${scopeRef(scope)}`;
}

export function ScopeTree({ state }: { readonly state: TreeState }): ReactNode {
  return <Level connection={undefined} parent={undefined} state={state} />;
}

function Level({ connection, parent, state }: { readonly connection: string | undefined; readonly parent: string | undefined; readonly state: TreeState }): ReactNode {
  const tenant = useTenant();
  const pages = usePages<Node>(["GET /api/v1/access/tree", connection, parent, tenant], (after, signal, limit) => call("GET /api/v1/access/tree", { query: { connection, parent, tenant, after, limit } }, signal));
  if (pages.pending) return <Loading what="Loading scopes" />;
  if (pages.fault !== null && pages.rows.length === 0) return <Failed fault={pages.fault} again={pages.again} />;
  if (pages.rows.length === 0) return <Empty title="No scope has been read yet.">Accounts, sites and groups come with the first reading of a connection.</Empty>;
  return (
    <ul className="tree">
      {pages.rows.map((node) => (
        <TreeNode key={treeKey(node.connection, node)} node={node} state={state} />
      ))}
      {pages.more ? (
        <li>
          <button type="button" className="link tree-more" disabled={pages.loadingMore} onClick={pages.loadMore}>
            {pages.loadingMore ? "Loading more…" : "Show more"}
          </button>
        </li>
      ) : null}
    </ul>
  );
}

function TreeNode({ node, state }: { readonly node: Node; readonly state: TreeState }): ReactNode {
  const key = treeKey(node.connection, node);
  const [toggled, setToggled] = useState<boolean | null>(null);
  const open = toggled ?? (state.above.has(key) || node.kind === "global");
  const name = node.kind === "global" ? state.nameOf(node.connection) : (node.name ?? node.id);
  return (
    <li>
      <div className={key === state.chosen ? "tree-row tree-here" : "tree-row"}>
        {node.below.total === 0 ? (
          <span className="tree-toggle" />
        ) : (
          <button type="button" className="tree-toggle" aria-expanded={open} aria-label={`${open ? "Close" : "Open"} ${kindWord(node.kind).toLowerCase()} ${name}`} onClick={() => setToggled(!open)}>
            <span aria-hidden="true">{open ? "▾" : "▸"}</span>
          </button>
        )}
        <ScopeLink connection={node.connection} scope={node} name={name} here={key === state.chosen} />
        <span className="tree-count" title={node.holders === null ? "The people of this console belong to another tenant" : `${held(node.holders)} hold a role on it; ${held(node.below)} right below it`}>
          {node.holders === null ? "not shown" : held(node.holders)}
          <span className="unseen"> hold a role on it</span>
        </span>
      </div>
      {open && node.below.total > 0 ? <Level connection={node.connection} parent={scopeRef(node)} state={state} /> : null}
    </li>
  );
}

function held({ total, totalIs }: { readonly total: number; readonly totalIs: "exact" | "at-least" }): string {
  return `${count(total)}${totalIs === "at-least" ? "+" : ""}`;
}

function ScopeLink({ connection, scope, name, here }: { readonly connection: string; readonly scope: Pick<Scope, "kind" | "id" | "state" | "inferred">; readonly name: string; readonly here: boolean }): ReactNode {
  return (
    <Link to="/access" className="tree-name" search={(before) => ({ ...before, connection, scope: scopeRef(scope) })} aria-current={here ? "true" : undefined} title={`${kindWord(scope.kind)} ${name}`}>
      <ScopeMark kind={scope.kind} />
      <span>{name}</span>
      {scope.inferred && scope.kind !== "global" ? <span className="faint">not listed</span> : scope.state === null || scope.state === "active" ? null : <span className="faint">{scope.state}</span>}
    </Link>
  );
}

/** Scopes by a part of their name, wherever they lie. */
export function ScopesFound({ text, state }: { readonly text: string; readonly state: TreeState }): ReactNode {
  const tenant = useTenant();
  const pages = usePages<Scope>(["GET /api/v1/access/scopes", text, tenant], (after, signal, limit) => call("GET /api/v1/access/scopes", { query: { text, tenant, after, limit } }, signal));
  if (pages.pending) return <Loading what="Looking for scopes" />;
  if (pages.fault !== null && pages.rows.length === 0) return <Failed fault={pages.fault} again={pages.again} />;
  if (pages.rows.length === 0) return <Empty title="No scope is called that.">Part of the name of an account, a site or a group is enough.</Empty>;
  return (
    <ul className="tree">
      {pages.rows.map((scope) => {
        const key = treeKey(scope.connection, scope);
        return (
          <li key={key}>
            <div className={key === state.chosen ? "tree-row tree-here" : "tree-row"}>
              <ScopeLink connection={scope.connection} scope={scope} name={scope.kind === "global" ? state.nameOf(scope.connection) : (scope.name ?? scope.id)} here={key === state.chosen} />
              <span className="tree-count">{kindWord(scope.kind).toLowerCase()}</span>
            </div>
          </li>
        );
      })}
      {pages.more ? (
        <li>
          <button type="button" className="link tree-more" disabled={pages.loadingMore} onClick={pages.loadMore}>
            Show more
          </button>
        </li>
      ) : null}
    </ul>
  );
}
