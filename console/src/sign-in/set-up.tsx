/** The first visit: whoever holds the code that the hub printed becomes the first administrator. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { setUp } from "../api/session.ts";
import { FaultNote } from "../parts/states.tsx";
import { Gate } from "./gate.tsx";

const SHORTEST = 12;

export function SetUp(): ReactNode {
  const [code, setCode] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("code") ?? new URLSearchParams(window.location.search).get("code") ?? "");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Error | null>(null);
  const tooShort = password !== "" && password.length < SHORTEST;
  const differs = again !== "" && again !== password;

  async function submit(): Promise<void> {
    setBusy(true);
    setFault(null);
    try {
      await setUp({ code: code.trim(), email, name, password });
      window.history.replaceState(null, "", "/");
    } catch (error) {
      setFault(error as Error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Gate title="Set up this hub" lead="The hub printed a set-up code in its terminal when it started. It is good once, for the first administrator.">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <TextInput size="sm" label="Set-up code" name="code" required autoComplete="off" spellCheck={false} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        <TextInput size="sm" label="Your name" name="name" required autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput size="sm" label="E-mail" type="email" name="email" required autoComplete="username" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <PasswordInput size="sm" label="Password" description={`At least ${String(SHORTEST)} characters; a sentence is easiest to remember.`} name="password" required autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} error={tooShort ? "Longer, please." : undefined} visibilityToggleButtonProps={{ "aria-label": "Show the password" }} />
        <PasswordInput size="sm" label="Password again" name="again" required autoComplete="new-password" value={again} onChange={(event) => setAgain(event.currentTarget.value)} error={differs ? "Not the same." : undefined} visibilityToggleButtonProps={{ "aria-label": "Show the repeated password" }} />
        {fault === null ? null : <FaultNote fault={fault} />}
        <Button size="sm" type="submit" loading={busy} disabled={tooShort || differs}>
          Create the first administrator
        </Button>
      </form>
    </Gate>
  );
}
