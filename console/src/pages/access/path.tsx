/**
 * Why somebody reaches a scope, as a picture: who, the role, the scope it is held on, and what that contains, down to the scope asked about. All of it is text in its
 * order, so that it reads as it is drawn; what is held is drawn with a solid line, what follows from it with a broken one.
 */
import type { ReactNode } from "react";
import { kindWord, personKind, personName, scopeText, type ScopeName } from "./words.ts";

interface PathProps {
  readonly person: { readonly kind: string; readonly id: string; readonly name: string | null; readonly email: string | null };
  readonly role: string;
  /** From the scope the role is held on down to the one asked about. */
  readonly scopes: readonly ScopeName[];
  /** Said under the picture: since when, by whom. */
  readonly children?: ReactNode;
}

type NodeKind = "person" | "role" | ScopeName["kind"];

/** The same in one sentence. */
export function pathSentence({ person, role, scopes }: Pick<PathProps, "person" | "role" | "scopes">): string {
  const [held, ...below] = scopes;
  const start = `${personName(person)} holds ${role} on ${held === undefined ? "a scope that is not known" : scopeText(held)}`;
  return `${start}${below.map((scope) => `, which contains ${scopeText(scope)}`).join("")}.`;
}

export function PathPicture({ person, role, scopes, children }: PathProps): ReactNode {
  return (
    <figure className="path">
      <ol className="path-steps">
        <PathNode kind="person" label={personKind(person.kind)} name={personName(person)} />
        <PathLink word="holds" />
        <PathNode kind="role" label="Role" name={role} />
        {scopes.map((scope, index) => (
          <PathPart key={`${scope.kind} ${scope.id}`} scope={scope} inherited={index > 0} />
        ))}
      </ol>
      <figcaption>
        <p>
          {pathSentence({ person, role, scopes })} <strong>{scopes.length > 1 ? "Inherited." : "Direct."}</strong>
        </p>
        {children}
      </figcaption>
    </figure>
  );
}

function PathPart({ scope, inherited }: { readonly scope: ScopeName; readonly inherited: boolean }): ReactNode {
  return (
    <>
      <PathLink word={inherited ? "contains" : "on"} inherited={inherited} />
      <PathNode kind={scope.kind} label={kindWord(scope.kind)} name={scope.kind === "global" ? "Everything" : (scope.name ?? scope.id)} inherited={inherited} {...(inherited ? { note: "inherited" } : {})} />
    </>
  );
}

export function PathNode({ kind, label, name, inherited = false, note }: { readonly kind: NodeKind; readonly label: string; readonly name: ReactNode; readonly inherited?: boolean; readonly note?: string }): ReactNode {
  return (
    <li className={`path-node path-${kind}${inherited ? " path-inherited" : ""}`}>
      <ScopeMark kind={kind} />
      <span className="path-words">
        <span className="path-label">{label}</span>
        <span className="path-name">{name}</span>
        {note === undefined ? null : <span className="path-label">{note}</span>}
      </span>
    </li>
  );
}

function PathLink({ word, inherited = false }: { readonly word: string; readonly inherited?: boolean }): ReactNode {
  return (
    <li className={inherited ? "path-link path-link-inherited" : "path-link"}>
      <span>{word}</span>
      <svg viewBox="0 0 60 10" aria-hidden="true" focusable="false">
        <path d="M0 5H54" />
        <path className="path-head" d="M52 1l7 4-7 4z" />
      </svg>
    </li>
  );
}

const MARKS: Readonly<Record<NodeKind, string>> = {
  person: "M15 9a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM5 20c.6-4 3.4-6 7-6s6.4 2 7 6",
  role: "M10 14a4 4 0 1 1 3-3l7 7v2h-3v-2h-2v-2z",
  global: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM4 12h16M12 4c-5 5-5 11 0 16M12 4c5 5 5 11 0 16",
  account: "M5 20V5h9v15M14 10h5v10M3 20h18M8 9h3M8 13h3",
  site: "M12 21c4-4.5 6-7.7 6-11a6 6 0 1 0-12 0c0 3.300 2 6.500 6 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  group: "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
};

export function ScopeMark({ kind }: { readonly kind: NodeKind }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={MARKS[kind]} />
    </svg>
  );
}
