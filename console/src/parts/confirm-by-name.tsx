/** Asks for the name of what is let go of, so that a slip of the hand does no harm. */
import { TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { Confirm } from "./confirm.tsx";

interface ConfirmByNameProps {
  readonly open: boolean;
  readonly title: string;
  readonly act: string;
  /** What has to be typed. */
  readonly name: string;
  readonly busy: boolean;
  readonly fault: Error | null;
  /** What becomes of it. */
  readonly children: ReactNode;
  readonly onAct: () => void;
  readonly onClose: () => void;
}

export function ConfirmByName({ name, children, onClose, ...asked }: ConfirmByNameProps): ReactNode {
  const [typed, setTyped] = useState("");
  const close = (): void => {
    setTyped("");
    onClose();
  };
  return (
    <Confirm {...asked} danger disabled={typed !== name} onClose={close}>
      <p>{children}</p>
      <TextInput label={`Type ${name} to confirm`} data-autofocus autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
    </Confirm>
  );
}
