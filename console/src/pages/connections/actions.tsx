/** What can be done with a connection. What cannot be taken back asks first. */
import { Button, Menu, PasswordInput } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { Route } from "../../api/client.ts";
import { useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { ConfirmByName } from "../../parts/confirm-by-name.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { VerifyLines } from "./verify-lines.tsx";
import type { Connection } from "./words.ts";

const TOUCHED: readonly Route[] = ["GET /api/v1/streams/status", "GET /api/v1/connections", "GET /api/v1/connections/{id}", "GET /api/v1/connections/{id}/log", "GET /api/v1/runs"];

export function ConnectionActions({ connection }: { readonly connection: Connection }): ReactNode {
  const mayWrite = useMay("connections.write");
  const mayRun = useMay("sync.run");
  const [asking, setAsking] = useState<"rotate" | "remove" | "verify" | null>(null);
  const sync = useChange("POST /api/v1/connections/{id}/sync", TOUCHED);
  const pause = useChange("POST /api/v1/connections/{id}/pause", TOUCHED);
  const resume = useChange("POST /api/v1/connections/{id}/resume", TOUCHED);
  const verify = useChange("POST /api/v1/connections/{id}/verify", TOUCHED);
  const params = { id: connection.id };
  const fault = sync.error ?? pause.error ?? resume.error;
  const close = (): void => setAsking(null);
  return (
    <>
      {mayRun ? (
        <Button variant="default" loading={sync.isPending} disabled={connection.paused || connection.state === "Syncing"} onClick={() => sync.mutate({ params, body: {} })}>
          Read now
        </Button>
      ) : null}
      {mayWrite ? (
        <>
          <Button variant="default" onClick={() => { setAsking("verify"); verify.mutate({ params, body: {} }); }}>
            Verify
          </Button>
          <Button variant="default" loading={pause.isPending || resume.isPending} onClick={() => (connection.paused ? resume.mutate({ params }) : pause.mutate({ params }))}>
            {connection.paused ? "Resume" : "Pause"}
          </Button>
          <Menu position="bottom-end" shadow="md" width={190}>
            <Menu.Target>
              <Button variant="default">More</Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setAsking("rotate")}>Replace the token…</Menu.Item>
              <Menu.Item component="a" href={`/api/v1/connections/${encodeURIComponent(connection.id)}/calendar`} download>
                Token's end as a calendar
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item color="red" onClick={() => setAsking("remove")}>
                Remove…
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Rotate connection={connection} open={asking === "rotate"} onClose={close} />
          <Remove connection={connection} open={asking === "remove"} onClose={close} />
          <Confirm open={asking === "verify"} title={`Verify ${connection.name}`} act="Verify again" busy={verify.isPending} fault={verify.error} onAct={() => verify.mutate({ params, body: {} })} onClose={close}>
            {verify.data === undefined ? <p className="faint">Asking the console…</p> : <VerifyLines answer={verify.data} />}
          </Confirm>
        </>
      ) : null}
      {fault === null ? null : <FaultNote fault={fault} />}
    </>
  );
}

interface DialogProps {
  readonly connection: Connection;
  readonly open: boolean;
  readonly onClose: () => void;
}

function Rotate({ connection, open, onClose }: DialogProps): ReactNode {
  const [token, setToken] = useState("");
  const rotate = useChange("POST /api/v1/connections/{id}/rotate", TOUCHED);
  const close = (): void => {
    setToken("");
    rotate.reset();
    onClose();
  };
  return (
    <Confirm open={open} title={`Replace the token of ${connection.name}`} act="Verify and replace" busy={rotate.isPending} fault={rotate.error} onClose={close} onAct={() => rotate.mutate({ params: { id: connection.id }, body: { token: token.trim() } }, { onSuccess: close })}>
      <p>The new token is verified first; the old one stays in use until it is in place.</p>
      <PasswordInput label="New token" required data-autofocus autoComplete="off" value={token} onChange={(event) => setToken(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the token" }} />
    </Confirm>
  );
}

function Remove({ connection, open, onClose }: DialogProps): ReactNode {
  const navigate = useNavigate();
  // The page of what is gone may be gone before the answer is through: whoever waits for it is led away all the same.
  const remove = useChange("DELETE /api/v1/connections/{id}", ["GET /api/v1/streams/status", "GET /api/v1/connections"]);
  const close = (): void => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmByName open={open} title={`Remove ${connection.name}?`} act="Remove" busy={remove.isPending} name={connection.name} fault={remove.error} onClose={close} onAct={() => void remove.mutateAsync({ params: { id: connection.id } }).then(() => navigate({ to: "/connections" }), () => undefined)}>
      The token is destroyed, and everything that was read from this console is erased here. The console itself is not touched.
    </ConfirmByName>
  );
}
