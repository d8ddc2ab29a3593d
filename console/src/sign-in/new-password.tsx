/** Whoever came in with a one-time password chooses one of their own before anything else. */
import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { changePassword } from "../api/session.ts";
import { FaultNote } from "../parts/states.tsx";
import { Gate } from "./gate.tsx";

export function NewPassword({ name }: { readonly name: string }): ReactNode {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const change = useMutation({ mutationFn: changePassword });

  return (
    <Gate title="Choose a password" lead={`Welcome, ${name}. The password you signed in with was good once.`}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ current, password });
        }}
      >
        <PasswordInput size="sm" label="The one-time password" name="current" required autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the one-time password" }} />
        <PasswordInput size="sm" label="Your own password" name="password" description="At least 12 characters; a sentence is easiest to remember." required autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the new password" }} />
        {change.error === null ? null : <FaultNote fault={change.error} />}
        <Button size="sm" type="submit" loading={change.isPending}>
          Save and go on
        </Button>
      </form>
    </Gate>
  );
}
