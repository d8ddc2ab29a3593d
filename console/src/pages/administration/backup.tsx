/** A copy of the whole store while it is in use, and how one is put back. */
import { Button, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useAsk, useChange } from "../../api/queries.ts";
import { Page, Section } from "../../parts/page.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { AdministrationPlaces } from "./places.tsx";

const UNITS = ["bytes", "kB", "MB", "GB", "TB"] as const;

function bytes(value: number): string {
  const step = value < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  return `${(value / 1000 ** step).toLocaleString("en", { maximumFractionDigits: step === 0 ? 0 : 1 })} ${UNITS[step] ?? ""}`;
}

export function BackupPage(): ReactNode {
  const status = useAsk("GET /api/v1/status", { query: { limit: 1 } });
  const [name, setName] = useState("");
  const backup = useChange("POST /api/v1/backup", ["GET /api/v1/audit"]);
  const file = backup.data?.file ?? "/var/backups/vedette.sqlite";
  return (
    <Page title="Backup" lead="A consistent copy of the whole store, made while the hub goes on working.">
      <AdministrationPlaces />
      <div className="halves">
        <Section title="Make one" aside={status.data === undefined ? undefined : `the store takes ${bytes(status.data.hub.diskBytes)}`}>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              backup.mutate({ body: name.trim() === "" ? {} : { file: name.trim() } });
            }}
          >
            <p>It is written into the folder <code>backups</code> of the hub's data, readable by the hub's user only, and never in the place of another.</p>
            <TextInput label="Name" placeholder="by its time" description="Letters, digits, dots and dashes." value={name} onChange={(event) => setName(event.currentTarget.value)} />
            {backup.error === null ? null : <FaultNote fault={backup.error} />}
            {backup.data === undefined ? null : (
              <div className="note note-good" role="status">
                <p>
                  <strong>{bytes(backup.data.bytes)}</strong> in <code>{backup.data.file}</code>
                </p>
                <p>Take it to another machine. The key file is not in it: keep that too, in another place, or the tokens in the backup cannot be opened.</p>
              </div>
            )}
            <div className="row">
              <Button type="submit" loading={backup.isPending}>
                Back up now
              </Button>
            </div>
          </form>
        </Section>
        <Section title="On the hub's own machine">
          <div className="stack">
            <p>To a place of your choice, by hand or by a timer:</p>
            <pre className="secret">vedette backup /var/backups/vedette.sqlite</pre>
            <p>To put one back, stop the hub first: a running one would go on with the old store. What is there is kept beside it.</p>
            <pre className="secret">vedette restore {file} --replace</pre>
            <p className="faint">Reading goes on from where the backup had come to; nothing has to be read twice by hand.</p>
          </div>
        </Section>
      </div>
    </Page>
  );
}
