/** What came of something that was asked for in a dialog. */
import { Button, Modal } from "@mantine/core";
import type { ReactNode } from "react";

interface DoneProps {
  readonly title: string;
  readonly children: ReactNode;
  /** It shows what is shown once, which is not lost to a click beside it. */
  readonly once?: boolean;
  readonly onClose: () => void;
}

export function Done({ title, children, once = false, onClose }: DoneProps): ReactNode {
  return (
    <Modal opened onClose={onClose} closeOnClickOutside={!once} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <div className="stack">
        {children}
        <div className="row row-end">
          <Button onClick={onClose}>Done</Button>
        </div>
      </div>
    </Modal>
  );
}
