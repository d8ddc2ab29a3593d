/** The second factor: set up with an authenticator app, whose code is drawn in this page and goes nowhere else; removed with the password. */
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { QRCodeSVG } from "qrcode.react";
import { useState, type ReactNode } from "react";
import { useChange } from "../../api/queries.ts";
import { askSessionAgain } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { download } from "../../parts/csv.ts";
import { Section } from "../../parts/page.tsx";
import { SecretOnce } from "../../parts/secret-once.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { Tag } from "../../parts/words.tsx";

export function SecondFactor({ on }: { readonly on: boolean }): ReactNode {
  const begin = useChange("POST /api/v1/session/totp", []);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [removing, setRemoving] = useState(false);
  return (
    <Section title="Second factor" aside={<Tag tone={on ? "good" : "warn"}>{on ? "On" : "Off"}</Tag>}>
      <div className="stack">
        {codes === null ? null : <RecoveryCodes codes={codes} onDone={() => setCodes(null)} />}
        {on ? (
          <>
            <p>Each sign-in asks for a code of your authenticator app, or one of your recovery codes.</p>
            <div className="row">
              <Button variant="default" onClick={() => setRemoving(true)}>
                Remove it…
              </Button>
            </div>
          </>
        ) : begin.data === undefined ? (
          <>
            <p>With a second factor, whoever learns your password still cannot sign in. Any authenticator app will do.</p>
            {begin.error === null ? null : <FaultNote fault={begin.error} />}
            <div className="row">
              <Button loading={begin.isPending} onClick={() => begin.mutate({})}>
                Set it up
              </Button>
            </div>
          </>
        ) : (
          <FirstCode uri={begin.data.uri} secret={begin.data.secret} onCancel={() => begin.reset()} onCodes={(given) => { setCodes(given); begin.reset(); askSessionAgain(); }} />
        )}
      </div>
      <Remove open={removing} onClose={() => setRemoving(false)} />
    </Section>
  );
}

function FirstCode({ uri, secret, onCancel, onCodes }: { readonly uri: string; readonly secret: string; readonly onCancel: () => void; readonly onCodes: (codes: readonly string[]) => void }): ReactNode {
  const [code, setCode] = useState("");
  const confirm = useChange("PUT /api/v1/session/totp", ["GET /api/v1/session/list"]);
  return (
    <form
      className="factor"
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate({ body: { code: code.replaceAll(" ", "") } }, { onSuccess: ({ recoveryCodes }) => onCodes(recoveryCodes) });
      }}
    >
      {/* Dark on light in either scheme: some cameras read nothing else. */}
      <div className="factor-code">
        <QRCodeSVG value={uri} size={168} marginSize={2} level="M" title="The code for your authenticator app" />
      </div>
      <div className="stack">
        <ol className="guide">
          <li>Let your authenticator app read this code, or type its secret in: <code className="secret-text">{secret.replaceAll(/(.{4})(?=.)/gu, "$1 ")}</code></li>
          <li>Type the six digits that it shows. From then on they are asked for.</li>
        </ol>
        <TextInput label="Six digits" name="code" required autoComplete="one-time-code" inputMode="numeric" maxLength={7} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        {confirm.error === null ? null : <FaultNote fault={confirm.error} />}
        <div className="row">
          <Button type="submit" loading={confirm.isPending} disabled={code.trim() === ""}>
            Turn it on
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </div>
      </div>
    </form>
  );
}

function RecoveryCodes({ codes, onDone }: { readonly codes: readonly string[]; readonly onDone: () => void }): ReactNode {
  const text = codes.join("\n");
  return (
    <div className="stack">
      <SecretOnce name="Recovery codes" text={text}>
        <p>
          <strong>Keep these recovery codes where your authenticator is not.</strong> Each is good for one sign-in without it. They are not shown again.
        </p>
      </SecretOnce>
      <div className="row">
        <Button variant="default" onClick={() => download("vedette-recovery-codes.txt", `${text}\n`, "text/plain")}>
          Save as a file
        </Button>
        <Button onClick={onDone}>I have kept them</Button>
      </div>
    </div>
  );
}

function Remove({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }): ReactNode {
  const [password, setPassword] = useState("");
  const remove = useChange("DELETE /api/v1/session/totp", ["GET /api/v1/session/list"]);
  const close = (): void => {
    setPassword("");
    remove.reset();
    onClose();
  };
  return (
    <Confirm open={open} danger title="Remove the second factor?" act="Remove" busy={remove.isPending} disabled={password === ""} fault={remove.error} onClose={close} onAct={() => remove.mutate({ body: { password } }, { onSuccess: () => { close(); askSessionAgain(); } })}>
      <p>Your password alone signs you in then. Your other sessions end.</p>
      <PasswordInput label="Your password" required data-autofocus autoComplete="current-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the password" }} />
    </Confirm>
  );
}
