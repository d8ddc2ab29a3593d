/** What stands where there is nothing to show yet, nothing at all, or something went wrong: each says what to do. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { CallFault } from "../api/client.ts";

export function Loading({ what }: { readonly what: string }): ReactNode {
  return (
    <div className="state" role="status" aria-live="polite">
      <span className="spinner" aria-hidden="true" />
      <p>{what}…</p>
    </div>
  );
}

export function Empty({ title, children, action }: { readonly title: string; readonly children?: ReactNode; readonly action?: ReactNode }): ReactNode {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children === undefined ? null : <p className="state-text">{children}</p>}
      {action}
    </div>
  );
}

export function Failed({ fault, again }: { readonly fault: Error; readonly again?: () => void }): ReactNode {
  const known = fault instanceof CallFault ? fault : undefined;
  return (
    <div className="state" role="alert">
      <p className="state-title">{known === undefined ? "This page broke." : known.message}</p>
      <p className="state-text">{known === undefined ? fault.message : known.cure}</p>
      {known === undefined ? null : <code className="faint">{known.code}</code>}
      {again === undefined ? null : (
        <Button variant="default" onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** Something that went wrong beside a form or in a page that is otherwise there. */
export function FaultNote({ fault, tone = "bad" }: { readonly fault: Pick<CallFault, "message" | "cure" | "code"> | Error; readonly tone?: "bad" | "warn" }): ReactNode {
  const known = "code" in fault ? fault : undefined;
  return (
    <div className={`note note-${tone}`} role="alert">
      <p>
        <strong>{fault.message}</strong> {known === undefined ? null : <code>{known.code}</code>}
      </p>
      {known === undefined || known.cure === "" ? null : <p>{known.cure}</p>}
    </div>
  );
}

export function NotFound(): ReactNode {
  return (
    <Empty title="There is nothing at this address." action={<Link to="/">To the start</Link>}>
      It may have been removed, or belongs to a tenant you do not see.
    </Empty>
  );
}
