/** A password of one's own, twice, with what is wrong with it as it is typed. What is good enough the hub says. */
import { PasswordInput } from "@mantine/core";
import { useState, type ReactNode } from "react";

const SHORTEST = 12;

interface NewPassword {
  readonly password: string;
  /** Nothing is seen to be wrong with it. */
  readonly good: boolean;
  readonly clear: () => void;
  readonly fields: ReactNode;
}

export function useNewPassword(label: string, size: "xs" | "sm"): NewPassword {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const tooShort = password !== "" && password.length < SHORTEST;
  const differs = again !== "" && again !== password;
  const fields = (
    <>
      <PasswordInput size={size} label={label} description={`At least ${String(SHORTEST)} characters; a sentence is easiest to remember.`} name="password" required autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} error={tooShort ? "Longer, please." : undefined} visibilityToggleButtonProps={{ "aria-label": "Show the password" }} />
      <PasswordInput size={size} label={`${label} again`} name="again" required autoComplete="new-password" value={again} onChange={(event) => setAgain(event.currentTarget.value)} error={differs ? "Not the same." : undefined} visibilityToggleButtonProps={{ "aria-label": "Show the repeated password" }} />
    </>
  );
  return {
    password,
    good: !tooShort && !differs,
    clear: () => {
      setPassword("");
      setAgain("");
    },
    fields,
  };
}
