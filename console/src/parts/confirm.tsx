/** Asks before what cannot be taken back. */
import { Button, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { FaultNote } from "./states.tsx";

interface ConfirmProps {
  readonly open: boolean;
  readonly title: string;
  readonly children: ReactNode;
  readonly act: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  /** A form of several columns. */
  readonly wide?: boolean;
  readonly disabled?: boolean;
  readonly fault: Error | null;
  readonly onAct: () => void;
  readonly onClose: () => void;
}

export function Confirm({ open, title, children, act, danger = false, wide = false, busy, disabled = false, fault, onAct, onClose }: ConfirmProps): ReactNode {
  return (
    <Modal opened={open} onClose={onClose} title={title} size={wide ? "xl" : "md"} closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          onAct();
        }}
      >
        {children}
        {fault === null ? null : <FaultNote fault={fault} />}
        <div className="row row-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color={danger ? "red" : "blue"} loading={busy} disabled={disabled}>
            {act}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
