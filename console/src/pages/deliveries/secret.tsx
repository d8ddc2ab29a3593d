/** A signing secret, the one time that it is shown. */
import { Button, Modal } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Answer } from "../../api/client.ts";

export function Secret({ of, onClose }: { readonly of: Answer<"POST /api/v1/destinations"> | null; readonly onClose: () => void }): ReactNode {
  const [copied, setCopied] = useState(false);
  return (
    <Modal opened={of !== null} onClose={onClose} title="Its signing secret" closeOnClickOutside={false} closeButtonProps={{ "aria-label": "Close" }}>
      {of?.secret === null || of === null ? null : (
        <div className="stack">
          <p>
            <span className="strong">{of.destination.name}</span> signs each delivery with it, so that the receiver can tell that it comes from here. It is shown this once.
          </p>
          <code className="secret">{of.secret}</code>
          <div className="row row-end">
            {/* Over plain http to another host a browser gives no clipboard: the text can be marked there. */}
            <Button variant="default" onClick={() => void navigator.clipboard?.writeText(of.secret ?? "").then(() => setCopied(true))}>
              {copied ? "Copied" : "Copy"}
            </Button>
            <Button onClick={onClose}>I have it</Button>
          </div>
        </div>
      )}
    </Modal>
  );
}
