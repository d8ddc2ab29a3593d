/** The frame of what is shown before anybody is signed in. */
import { useEffect, type ReactNode } from "react";
import { Mark } from "../shell/icons.tsx";

export function Gate({ title, lead, version, children }: { readonly title: string; readonly lead?: ReactNode; readonly version?: string; readonly children: ReactNode }): ReactNode {
  useEffect(() => {
    document.title = `${title} · Vedette`;
  }, [title]);
  return (
    <main className="gate">
      <div className="gate-card">
        <div className="brand">
          <Mark />
          <span>Vedette</span>
        </div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p className="page-lead">{lead}</p>}
        {children}
      </div>
      {version === undefined ? null : <p className="faint">Version {version}</p>}
    </main>
  );
}
