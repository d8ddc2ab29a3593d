/** The door: mail address, password, and a second factor where there is one. A one-time link, such as a demo prints, opens it as well. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";
import { CallFault } from "../api/client.ts";
import { signIn, signInByLink } from "../api/session.ts";
import { FaultNote } from "../parts/states.tsx";
import { Gate } from "./gate.tsx";

export function SignIn({ version }: { readonly version: string }): ReactNode {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [totp, setTotp] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Error | null>(null);

  useEffect(() => {
    const code = linkCode();
    if (code === null) return;
    // The code is good once: it has no place in the history.
    window.history.replaceState(null, "", "/");
    signInByLink(code).catch((error: unknown) => setFault(error as Error));
  }, []);

  async function submit(): Promise<void> {
    setBusy(true);
    setFault(null);
    try {
      await signIn({ email, password, ...(wantsCode ? { totp: totp.replaceAll(" ", "") } : {}) });
    } catch (error) {
      if (error instanceof CallFault && error.details["totp"] === true && !wantsCode) setWantsCode(true);
      else setFault(error as Error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Gate title="Sign in" version={version}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TextInput size="sm" label="E-mail" type="email" name="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <PasswordInput size="sm" label="Password" name="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the password" }} />
        {wantsCode ? <TextInput size="sm" label="Code" description="Six digits of your authenticator, or a recovery code." name="totp" autoComplete="one-time-code" inputMode="numeric" required autoFocus value={totp} onChange={(event) => setTotp(event.currentTarget.value)} /> : null}
        {fault === null ? null : <FaultNote fault={fault} />}
        <Button size="sm" type="submit" loading={busy}>
          Sign in
        </Button>
      </form>
    </Gate>
  );
}

/** `/#sign-in=CODE`: behind the hash, so that no log on the way has it. */
function linkCode(): string | null {
  return new URLSearchParams(window.location.hash.slice(1)).get("sign-in");
}
