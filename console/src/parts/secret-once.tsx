/** What is shown once and never again: a password, a key, codes. It is in this page only, and gone with it. */
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import type { ReactNode } from "react";

export function SecretOnce({ name, text, children }: { readonly name: string; readonly text: string; readonly children?: ReactNode }): ReactNode {
  const clipboard = useClipboard({ timeout: 4000 });
  return (
    <div className="note note-good">
      {children}
      <pre className="secret" aria-label={name}>
        {text}
      </pre>
      <div className="row">
        <Button variant="default" size="compact-xs" onClick={() => clipboard.copy(text)}>
          {clipboard.copied ? "Copied" : "Copy"}
        </Button>
        {clipboard.error === null ? null : <span className="faint">Your browser does not let it be copied from here: mark the text.</span>}
      </div>
    </div>
  );
}
