/** What people know of indicators: it speaks in every case that an indicator turns up in, for its tenant or for all, until it expires. */
import { Button, Menu, Modal, NativeSelect, TextInput, Textarea } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { addressOf, call, type Answer, type Query, type Route } from "../../api/client.ts";
import { useChange, usePages } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import type { Column } from "../../parts/data-table.tsx";
import { Done } from "../../parts/done.tsx";
import { FileChoice, fits } from "../../parts/file-choice.tsx";
import { OwnerChoice, useFirstOwner, useOwnerChosen } from "../../parts/owner-choice.tsx";
import { Facts, Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { SearchedTable } from "../../parts/searched-table.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { useTenantNames } from "../../parts/tenant-names.ts";
import { day, exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useUrl } from "../../parts/url.ts";
import { Ago, count, sentence, Tag } from "../../parts/words.tsx";
import { CASE_PLACES, MEANING_TONES } from "./words.ts";

type Entry = Answer<"GET /api/v1/cases/knowledge">["items"][number];

const TOUCHED: readonly Route[] = ["GET /api/v1/cases/knowledge", "GET /api/v1/cases/{id}", "GET /api/v1/cases/{id}/triage"];
const TYPES: readonly Entry["type"][] = ["hash", "path", "signer", "domain", "address", "user", "device", "command-line"];
const MEANINGS: readonly Entry["meaning"][] = ["malicious", "suspicious", "benign", "context"];
const MEANING_WORDS: Readonly<Record<Entry["meaning"], string>> = { malicious: "Malicious", suspicious: "Suspicious", benign: "Benign", context: "Worth knowing" };

export function KnowledgePage(): ReactNode {
  const mayWrite = useMay("cases.write");
  const url = useUrl();
  const [adding, setAdding] = useState(false);
  const [bringing, setBringing] = useState(false);
  const [chosen, setChosen] = useState<Entry | null>(null);
  const filter = { tenant: url.get("tenant"), type: url.get("type"), meaning: url.get("meaning"), text: url.get("text") } as Query<"GET /api/v1/cases/knowledge">;
  const pages = usePages<Entry>(["GET /api/v1/cases/knowledge", filter], (after, signal, limit) => call("GET /api/v1/cases/knowledge", { query: { ...filter, after, limit } }, signal));
  const { tenants } = useSession();
  const nameOf = useTenantNames(pages.rows.flatMap(({ tenant }) => tenant ?? []));
  const whole = (format: "csv" | "ndjson"): string => addressOf("/api/v1/cases/knowledge/export", undefined, { ...filter, format });
  const columns: readonly Column<Entry>[] = [
    {
      id: "indicator",
      header: "Indicator",
      narrow: true,
      text: ({ indicator }) => indicator,
      cell: (entry) => (
        <button type="button" className="link strong" onClick={() => setChosen(entry)}>
          {entry.indicator}
        </button>
      ),
    },
    { id: "type", header: "Type", width: 112, text: ({ type }) => sentence(type) },
    { id: "meaning", header: "Meaning", width: 132, narrow: true, text: ({ meaning }) => MEANING_WORDS[meaning], cell: ({ meaning }) => <Tag tone={MEANING_TONES[meaning]}>{MEANING_WORDS[meaning]}</Tag> },
    { id: "text", header: "What is known", text: ({ text }) => text },
    ...(tenants.length > 1 ? [{ id: "tenant", header: "Tenant", width: 110, text: ({ tenant }: Entry) => (tenant === null ? "all" : nameOf(tenant)) }] : []),
    { id: "hits", header: "Cases", width: 64, right: true, text: ({ hits }) => (hits === null ? "" : count(hits)) },
    { id: "expires", header: "Until", width: 106, text: expiryWords, cell: (entry) => <span className={entry.expired ? "faint" : undefined}>{expiryWords(entry)}</span> },
    { id: "author", header: "By", width: 120, text: ({ author }) => author },
  ];
  return (
    <Page
      title="Knowledge"
      lead="What you know of hashes, paths, signers, domains, addresses, users, devices and command lines. It stands in every case that one of them turns up in, and speaks in triage."
      actions={
        <>
          <Menu position="bottom-end" shadow="md" width={200}>
            <Menu.Target>
              <Button variant="default">Files</Button>
            </Menu.Target>
            <Menu.Dropdown>
              {mayWrite ? <Menu.Item onClick={() => setBringing(true)}>Import a file…</Menu.Item> : null}
              <Menu.Item component="a" href={whole("csv")} download>
                Export as CSV
              </Menu.Item>
              <Menu.Item component="a" href={whole("ndjson")} download>
                Export as NDJSON
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {mayWrite ? <Button onClick={() => setAdding(true)}>Add an entry</Button> : null}
        </>
      }
    >
      <Places name="Cases" places={CASE_PLACES} />
      <SearchedTable
        name="entries"
        placeholder="Part of an indicator or of the text"
        columns={columns}
        pages={pages}
        rowKey={({ id }) => id}
        params={["type", "meaning"]}
        wholeExport={whole("csv")}
        filters={
          <>
            <UrlChoice param="type" label="Type" any="Any type" data={TYPES.map((value) => ({ value, label: sentence(value) }))} width={150} />
            <UrlChoice param="meaning" label="Meaning" any="Any meaning" data={MEANINGS.map((value) => ({ value, label: MEANING_WORDS[value] }))} width={150} />
          </>
        }
        empty={
          <Empty title="Nothing is known yet." action={mayWrite ? <Button onClick={() => setAdding(true)}>Add the first entry</Button> : undefined}>
            What you write down here spares whoever meets the same indicator the same work.
          </Empty>
        }
      />
      {adding ? <Add onClose={() => setAdding(false)} /> : null}
      {bringing ? <Bring onClose={() => setBringing(false)} /> : null}
      {chosen === null ? null : <One key={chosen.id} entry={chosen} tenant={chosen.tenant === null ? "all tenants" : nameOf(chosen.tenant)} mayWrite={mayWrite} onClose={() => setChosen(null)} />}
    </Page>
  );
}

function expiryWords({ expired, expiresAt }: Entry): string {
  return expired ? "expired" : expiresAt === null ? "for good" : day(expiresAt);
}

/** The hub takes no moment that has passed, and clocks differ. */
const SOON_MS = 60_000;

/** A day counts to its end. */
function endOf(given: string): string | null {
  return given === "" ? null : `${given}T23:59:59Z`;
}

interface Said {
  readonly meaning: Entry["meaning"];
  readonly text: string;
  /** A day, or empty for good. */
  readonly until: string;
}

function Sayings({ said, onSaid }: { readonly said: Said; readonly onSaid: (said: Said) => void }): ReactNode {
  return (
    <>
      <div className="form-grid">
        <NativeSelect label="Meaning" value={said.meaning} onChange={(event) => onSaid({ ...said, meaning: event.currentTarget.value as Entry["meaning"] })} data={MEANINGS.map((value) => ({ value, label: MEANING_WORDS[value] }))} />
        <TextInput type="date" label="Until" description="For good where it is left empty." value={said.until} onChange={(event) => onSaid({ ...said, until: event.currentTarget.value })} />
      </div>
      <Textarea label="What is known" required autosize minRows={2} maxLength={500} value={said.text} onChange={(event) => onSaid({ ...said, text: event.currentTarget.value })} />
    </>
  );
}

function Add({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [type, setType] = useState<Entry["type"]>("hash");
  const [indicator, setIndicator] = useState("");
  const [said, setSaid] = useState<Said>({ meaning: "malicious", text: "", until: "" });
  const [owner, setOwner] = useState(useFirstOwner());
  const chosen = useOwnerChosen(owner);
  const add = useChange("POST /api/v1/cases/knowledge", TOUCHED);
  const act = (): void => add.mutate({ body: { type, indicator: indicator.trim(), meaning: said.meaning, text: said.text.trim(), expiresAt: endOf(said.until), ...(owner === "" ? {} : { tenant: owner }) } }, { onSuccess: onClose });
  return (
    <Confirm open title="Add an entry" act="Add" busy={add.isPending} disabled={indicator.trim() === "" || said.text.trim() === "" || !chosen} fault={add.error} onClose={onClose} onAct={act}>
      <div className="form-grid">
        <NativeSelect label="Type" value={type} onChange={(event) => setType(event.currentTarget.value as Entry["type"])} data={TYPES.map((value) => ({ value, label: sentence(value) }))} />
        <OwnerChoice label="For" value={owner} onChange={setOwner} />
      </div>
      <TextInput label="Indicator" required data-autofocus spellCheck={false} autoComplete="off" maxLength={500} value={indicator} onChange={(event) => setIndicator(event.currentTarget.value)} />
      <Sayings said={said} onSaid={setSaid} />
    </Confirm>
  );
}

function One({ entry, tenant, mayWrite, onClose }: { readonly entry: Entry; readonly tenant: string; readonly mayWrite: boolean; readonly onClose: () => void }): ReactNode {
  const before: Said = { meaning: entry.meaning, text: entry.text, until: entry.expiresAt?.slice(0, 10) ?? "" };
  const [said, setSaid] = useState(before);
  const [removing, setRemoving] = useState(false);
  const change = useChange("PATCH /api/v1/cases/knowledge/{id}", TOUCHED);
  const remove = useChange("DELETE /api/v1/cases/knowledge/{id}", TOUCHED);
  const params = { id: entry.id };
  // Somebody else's change in between is not overwritten unseen.
  const { version } = entry;
  const save = (): void => change.mutate({ params, body: { version, meaning: said.meaning, text: said.text.trim(), ...(said.until === before.until ? {} : { expiresAt: endOf(said.until) }) } }, { onSuccess: onClose });
  const same = said.meaning === before.meaning && said.text.trim() === before.text && said.until === before.until;
  if (removing)
    return (
      <Confirm open danger title="Remove this entry?" act="Remove" busy={remove.isPending} fault={remove.error} onClose={() => setRemoving(false)} onAct={() => remove.mutate({ params }, { onSuccess: onClose })}>
        <p className="wrap">
          Nothing is known of <code>{entry.indicator}</code> by it any more, in no case. What it said in the past stays in the audit log. Where it was right until now, let it expire instead.
        </p>
      </Confirm>
    );
  return (
    <Modal opened onClose={onClose} title={sentence(entry.type)} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <div className="stack">
        <Facts
          facts={[
            { name: "Indicator", value: <code>{entry.indicator}</code> },
            { name: "For", value: tenant },
            { name: "Written by", value: <>{entry.author}, <Ago at={entry.createdAt} /></> },
            { name: "Last changed", value: entry.version === 1 ? "not since" : `${entry.updatedBy}, ${exact(entry.updatedAt)}` },
            { name: "Spoke in", value: entry.hits === null ? "not for you to see" : `${count(entry.hits)} ${entry.hits === 1 ? "case" : "cases"}${entry.lastHitAt === null ? "" : `, last ${exact(entry.lastHitAt)}`}` },
            { name: "Holds", value: entry.expired ? <Tag tone="plain">Expired</Tag> : expiryWords(entry) },
          ]}
        />
        {mayWrite ? (
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              save();
            }}
          >
            <Sayings said={said} onSaid={setSaid} />
            {change.error === null ? null : <FaultNote fault={change.error} />}
            <div className="row">
              <Button type="submit" loading={change.isPending} disabled={same || said.text.trim() === ""}>
                Save
              </Button>
              {entry.expired ? null : (
                <Button variant="default" loading={change.isPending} onClick={() => change.mutate({ params, body: { version, expiresAt: new Date(Date.now() + SOON_MS).toISOString() } }, { onSuccess: onClose })}>
                  Let it expire
                </Button>
              )}
              <Button variant="subtle" color="red" onClick={() => setRemoving(true)}>
                Remove…
              </Button>
            </div>
          </form>
        ) : (
          <p className="wrap">
            <Tag tone={MEANING_TONES[entry.meaning]}>{MEANING_WORDS[entry.meaning]}</Tag> {entry.text}
          </p>
        )}
      </div>
    </Modal>
  );
}

const MEGABYTES = 16;

function Bring({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [file, setFile] = useState<File | null>(null);
  const [owner, setOwner] = useState(useFirstOwner());
  const chosen = useOwnerChosen(owner);
  const bring = useChange("POST /api/v1/cases/knowledge/import", TOUCHED);
  const done = bring.data;
  async function act(): Promise<void> {
    if (file === null) return;
    bring.mutate({ body: { format: file.name.toLowerCase().endsWith(".csv") ? "csv" : "ndjson", text: await file.text(), ...(owner === "" ? {} : { tenant: owner }) } });
  }
  if (done !== undefined)
    return (
      <Done title="The file is taken in" onClose={onClose}>
        <p role="status">
          {count(done.added)} added, {count(done.changed)} changed, {count(done.unchanged)} as they were.
        </p>
      </Done>
    );
  return (
    <Confirm open title="Import a file" act="Import" busy={bring.isPending} disabled={!fits(file, MEGABYTES) || !chosen} fault={bring.error} onClose={onClose} onAct={() => void act()}>
      <p>CSV with a line of names (type, indicator, meaning, text, expiresAt), or NDJSON with an entry on each line, as an export gives them. All of it is taken in, or nothing; what is there already is changed to what the file says.</p>
      <div className="row">
        <FileChoice label="Choose a file" accept=".csv,.ndjson,.jsonl,text/csv" megabytes={MEGABYTES} file={file} onFile={(given) => { setFile(given); bring.reset(); }} />
      </div>
      <OwnerChoice label="They become those of" value={owner} onChange={setOwner} />
    </Confirm>
  );
}
