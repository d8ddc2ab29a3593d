/** Lists of people that a tenant keeps elsewhere: users whom nobody there knows, or who have left, are risks. Of a person the hub keeps the address and nothing else. */
import { Button, Checkbox, NativeSelect, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Answer, Route } from "../../api/client.ts";
import { useAsk, useChange } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Done } from "../../parts/done.tsx";
import { FileChoice, fits } from "../../parts/file-choice.tsx";
import { useFirstOwner } from "../../parts/owner-choice.tsx";
import { Section } from "../../parts/page.tsx";
import { Empty } from "../../parts/states.tsx";
import { TenantChoice } from "../../parts/tenant-choice.tsx";
import { useTenantNames } from "../../parts/tenant-names.ts";
import { exact } from "../../parts/time.ts";
import { Ago, count, many } from "../../parts/words.tsx";

type List = Answer<"GET /api/v1/access/risks/lists">["items"][number];

const TOUCHED: readonly Route[] = ["GET /api/v1/access/risks/lists", "GET /api/v1/access/risks", "GET /api/v1/access/risks/summary"];
const KINDS: Readonly<Record<List["kind"], string>> = { hr: "Personnel", idp: "Identity provider" };
const MEGABYTES = 48;

export function PeopleLists({ tenant }: { readonly tenant: string | undefined }): ReactNode {
  const mayWrite = useMay("access.write");
  const { tenants } = useSession();
  const lists = useAsk("GET /api/v1/access/risks/lists", {});
  const [uploading, setUploading] = useState(false);
  const [removing, setRemoving] = useState<List | null>(null);
  const remove = useChange("DELETE /api/v1/access/risks/lists/{id}", TOUCHED);
  const rows = (lists.data?.items ?? []).filter((list) => tenant === undefined || list.tenant === tenant);
  const nameOf = useTenantNames(rows.map((list) => list.tenant));
  const columns: readonly Column<List>[] = [
    { id: "name", header: "List", narrow: true, text: ({ name }) => name, cell: ({ name }) => <span className="strong">{name}</span> },
    { id: "kind", header: "Kind", width: 140, text: ({ kind }) => KINDS[kind] },
    ...(tenants.length > 1 ? [{ id: "tenant", header: "Tenant", width: 130, text: (list: List) => nameOf(list.tenant) }] : []),
    { id: "entries", header: "People", width: 80, right: true, narrow: true, text: ({ entries }) => count(entries) },
    { id: "gone", header: "Have left", width: 84, right: true, text: ({ gone }) => count(gone) },
    { id: "at", header: "Uploaded", width: 100, text: ({ uploadedAt }) => exact(uploadedAt), cell: ({ uploadedAt }) => <Ago at={uploadedAt} /> },
    { id: "by", header: "By", width: 130, text: ({ uploadedBy }) => uploadedBy },
    ...(mayWrite ? [{ id: "act", header: "", width: 84, narrow: true, text: () => "", cell: (list: List) => <button type="button" className="link" aria-label={`Remove ${list.name}`} onClick={() => setRemoving(list)}>Remove</button> }] : []),
  ];
  return (
    <Section title="People known elsewhere" flush aside={mayWrite && rows.length > 0 ? <button type="button" className="link" onClick={() => setUploading(true)}>Upload a list</button> : undefined}>
      <DataTable
        short
        name="lists"
        columns={columns}
        rows={rows}
        rowKey={({ id }) => id}
        pending={lists.isPending}
        fault={lists.error}
        again={() => void lists.refetch()}
        empty={
          <Empty title="No list was uploaded yet." action={mayWrite ? <Button onClick={() => setUploading(true)}>Upload a list</Button> : undefined}>
            With one of your personnel or of your identity provider, users whom nobody there knows, and those who have left, are found.
          </Empty>
        }
      />
      {uploading ? <Upload onClose={() => setUploading(false)} /> : null}
      <Confirm open={removing !== null} danger title={`Remove ${removing?.name ?? ""}?`} act="Remove" busy={remove.isPending} fault={remove.error} onClose={() => { setRemoving(null); remove.reset(); }} onAct={() => { if (removing !== null) remove.mutate({ params: { id: removing.id } }, { onSuccess: () => setRemoving(null) }); }}>
        <p>Nobody is compared with it any more, and the risks that rest on it alone are gone with the next judgement.</p>
      </Confirm>
    </Section>
  );
}

function Upload({ onClose }: { readonly onClose: () => void }): ReactNode {
  const { tenants } = useSession();
  const [file, setFile] = useState<File | null>(null);
  const [name, setName] = useState("");
  const [kind, setKind] = useState<List["kind"]>("hr");
  const [tenant, setTenant] = useState(useFirstOwner());
  const [skipUnreadable, setSkipUnreadable] = useState(false);
  const put = useChange("PUT /api/v1/access/risks/lists", TOUCHED);
  const done = put.data;
  async function act(): Promise<void> {
    if (file === null) return;
    put.mutate({ body: { name: name.trim(), kind, csv: await file.text(), skipUnreadable, ...(tenant === "" ? {} : { tenant }) } });
  }
  if (done !== undefined)
    return (
      <Done title={`${done.list.name} is there`} onClose={onClose}>
        <p role="status">
          {many(done.list.entries, "person", "people")} of {many(done.lines, "line")}, {count(done.list.gone)} of them have left. {done.repeated > 0 ? `${many(done.repeated, "line")} repeated an address. ` : ""}
          {done.unreadable > 0 ? `${many(done.unreadable, "line")} had no readable address.` : ""}
        </p>
        <p className="faint">
          Addresses from {done.columns.addresses.join(", ")}; {done.columns.status === null ? "no column says who has left" : `who has left from ${done.columns.status}`}.
        </p>
        {done.remarks.length === 0 ? null : (
          <ul className="plain-list">
            {done.remarks.map(({ line, remark }) => (
              <li key={`${String(line)} ${remark}`}>
                Line {count(line)}: {remark}
              </li>
            ))}
          </ul>
        )}
      </Done>
    );
  return (
    <Confirm open title="Upload a list" act="Upload" busy={put.isPending} disabled={!fits(file, MEGABYTES) || name.trim() === ""} fault={put.error} onClose={onClose} onAct={() => void act()}>
      <p>A CSV file with an address on each line, and if you have it a column that says who has left. One of the same name is replaced.</p>
      <div className="form-grid">
        <TextInput label="Name" required data-autofocus autoComplete="off" maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <NativeSelect label="Kind" value={kind} onChange={(event) => setKind(event.currentTarget.value as List["kind"])} data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))} />
      </div>
      {tenants.length > 1 ? <TenantChoice label="Whose people" labelled none="The only tenant with users" value={tenant} onChange={setTenant} /> : null}
      <div className="row">
        <FileChoice label="Choose a CSV file" accept=".csv,text/csv" megabytes={MEGABYTES} file={file} onFile={(given) => { setFile(given); put.reset(); }} />
      </div>
      <Checkbox label="Leave lines without a readable address out" checked={skipUnreadable} onChange={(event) => setSkipUnreadable(event.currentTarget.checked)} />
    </Confirm>
  );
}
