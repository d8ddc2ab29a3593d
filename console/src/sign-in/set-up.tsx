/** The first visit: whoever holds the code that the hub printed becomes the first administrator. */
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { setUp } from "../api/session.ts";
import { useNewPassword } from "../parts/new-password.tsx";
import { FaultNote } from "../parts/states.tsx";
import { Gate } from "./gate.tsx";

export function SetUp(): ReactNode {
  const [code, setCode] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("code") ?? new URLSearchParams(window.location.search).get("code") ?? "");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const chosen = useNewPassword("Password", "sm");
  const made = useMutation({ mutationFn: setUp, onSuccess: () => window.history.replaceState(null, "", "/") });

  return (
    <Gate title="Set up this hub" lead="The hub printed a set-up code in its terminal when it started. It is good once, for the first administrator.">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          made.mutate({ code: code.trim(), email, name, password: chosen.password });
        }}
      >
        <TextInput size="sm" label="Set-up code" name="code" required autoComplete="off" spellCheck={false} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        <TextInput size="sm" label="Your name" name="name" required autoComplete="name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput size="sm" label="E-mail" type="email" name="email" required autoComplete="username" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        {chosen.fields}
        {made.error === null ? null : <FaultNote fault={made.error} />}
        <Button size="sm" type="submit" loading={made.isPending} disabled={!chosen.good}>
          Create the first administrator
        </Button>
      </form>
    </Gate>
  );
}
