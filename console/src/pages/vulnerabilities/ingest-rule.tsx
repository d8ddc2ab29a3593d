/** A rule of what is ingested: what it would cover is counted as it is written, and nothing is saved before. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { call, type Body, type Route } from "../../api/client.ts";
import { useChange } from "../../api/queries.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { count, many, sentence } from "../../parts/words.tsx";
import { scheduleWord, type Connector, type IngestRule } from "./ingest-words.ts";

export interface Editing {
  readonly connector: Connector;
  /** Null: a new one. */
  readonly rule: IngestRule | null;
}

type Settings = Omit<Body<"POST /api/v1/vulnerabilities/rules">, "connector">;

const SCHEDULES = ["continuous", "hourly", "daily", "weekly"] as const;

interface Fields {
  readonly connectorName: string;
  readonly name: string;
  readonly mode: string;
  readonly severity: string;
  readonly sites: string;
  readonly groups: string;
  readonly tags: string;
  readonly os: string;
  readonly machineTypes: string;
  readonly schedule: string;
  readonly cron: string;
  readonly timezone: string;
}

function fieldsOf({ connector, rule }: Editing): Fields {
  const schedule = rule === null ? "continuous" : scheduleWord(rule.schedule);
  const known = SCHEDULES.some((word) => word === schedule);
  const names = (list: readonly { readonly id: string; readonly name: string | null }[] | undefined): string => (list ?? []).map(({ id, name }) => name ?? id).join(", ");
  return {
    connectorName: connector.connectionName,
    name: rule?.name ?? "",
    mode: rule?.ownMode ?? "",
    severity: rule?.severity ?? "",
    sites: names(rule?.match.sites),
    groups: names(rule?.match.groups),
    tags: (rule?.match.tags ?? []).join(", "),
    os: (rule?.match.os ?? []).join(", "),
    machineTypes: (rule?.match.machineTypes ?? []).join(", "),
    schedule: known ? schedule : "cron",
    cron: known ? "" : schedule,
    timezone: rule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

function settingsOf(fields: Fields): Settings {
  const list = (text: string): string[] => text.split(/[,;]+/u).map((word) => word.trim()).filter((word) => word !== "");
  return {
    ...(fields.name.trim() === "" ? {} : { name: fields.name.trim() }),
    mode: fields.mode === "" ? null : (fields.mode as NonNullable<Settings["mode"]>),
    severity: fields.severity === "" ? null : (fields.severity as NonNullable<Settings["severity"]>),
    sites: list(fields.sites),
    groups: list(fields.groups),
    tags: list(fields.tags),
    os: list(fields.os),
    machineTypes: list(fields.machineTypes),
    schedule: fields.schedule === "cron" ? fields.cron.trim() : fields.schedule,
    timezone: fields.timezone.trim() === "" ? "UTC" : fields.timezone.trim(),
  };
}

export function RuleForm({ editing, touched, onClose }: { readonly editing: Editing; readonly touched: readonly Route[]; readonly onClose: () => void }): ReactNode {
  const { connector, rule } = editing;
  const [fields, setFields] = useState<Fields>(() => fieldsOf(editing));
  const [settled] = useDebouncedValue(fields, 500);
  const change = useChange("PATCH /api/v1/vulnerabilities/rules/{id}", touched);
  const add = useChange("POST /api/v1/vulnerabilities/rules", touched);
  const first = useChange("POST /api/v1/vulnerabilities/connectors", touched);
  const complete = settled.schedule !== "cron" || settled.cron.trim() !== "";
  const asked = { ...(rule === null ? (connector.id === null ? { connection: connector.connection } : { connector: connector.id }) : { rule: rule.id }), ...settingsOf(settled) };
  const preview = useQuery({ queryKey: ["POST /api/v1/vulnerabilities/rules/preview", asked], enabled: complete, retry: false, queryFn: ({ signal }) => call("POST /api/v1/vulnerabilities/rules/preview", { body: asked }, signal) });
  const set = (patch: Partial<Fields>): void => setFields({ ...fields, ...patch });
  const text = (key: keyof Fields, label: string, description: string, placeholder = ""): ReactNode => <TextInput label={label} description={description} placeholder={placeholder} value={fields[key]} onChange={(event) => set({ [key]: event.currentTarget.value })} />;
  const save = (): void => {
    const settings = settingsOf(fields);
    const done = { onSuccess: onClose };
    if (rule !== null) change.mutate({ params: { id: rule.id }, body: settings }, done);
    else if (connector.id === null) first.mutate({ body: { name: fields.connectorName.trim(), connection: connector.connection, rule: settings } }, done);
    else add.mutate({ body: { connector: connector.id, ...settings } }, done);
  };
  return (
    <Confirm open wide title={rule === null ? `A rule for ${connector.connectionName}` : `Change ${rule.name}`} act="Save" busy={change.isPending || add.isPending || first.isPending} disabled={!complete || preview.isError} fault={change.error ?? add.error ?? first.error} onClose={onClose} onAct={save}>
      <div className="form-grid">
        {rule === null && connector.id === null ? text("connectorName", "Connector", "What the rules of this connection are called together.") : null}
        {text("name", "Name", "Of the rule.", "Servers, daily")}
        <NativeSelect label="Ingests" description="Devices alone tell of no finding." value={fields.mode} onChange={(event) => set({ mode: event.currentTarget.value })} data={[{ value: "", label: "As its connector" }, { value: "scan", label: "Devices and findings" }, { value: "assets", label: "Devices alone" }]} />
        <NativeSelect label="Severity" description="Only findings at least this grave." value={fields.severity} onChange={(event) => set({ severity: event.currentTarget.value })} data={[{ value: "", label: "Any" }, ...["critical", "high", "medium", "low", "informational"].map((value) => ({ value, label: sentence(value) }))]} />
        {text("sites", "Sites", "Names or ids, by commas; none: all.", "Lyon Depot")}
        {text("groups", "Groups", "Names or ids, by commas.")}
        {text("tags", "Tags", "key:value, or key for any value.", "owner:finance")}
        {text("os", "Systems", "windows, macos, linux.")}
        {text("machineTypes", "Kinds of machines", "laptop, desktop, server.")}
        <NativeSelect label="When" description="Between runs what changes is held." value={fields.schedule} onChange={(event) => set({ schedule: event.currentTarget.value })} data={[...SCHEDULES.map((value) => ({ value, label: sentence(value) })), { value: "cron", label: "By cron" }]} />
        {fields.schedule === "cron" ? text("cron", "Cron", "Five fields, at most every five minutes.", "30 6 * * 1-5") : null}
        {fields.schedule === "continuous" ? null : text("timezone", "Time zone", "By its IANA name.", "Europe/Paris")}
      </div>
      {preview.isError ? <FaultNote fault={preview.error} /> : preview.data === undefined ? <p className="faint">Counting what it covers…</p> : <Preview found={preview.data} />}
    </Confirm>
  );
}

function Preview({ found }: { readonly found: Awaited<ReturnType<typeof call<"POST /api/v1/vulnerabilities/rules/preview">>> }): ReactNode {
  const { covers, devices, findings, leaving, entering, nextRunAt, replacesDefault } = found;
  const grave = (["critical", "high", "medium", "low"] as const).filter((severity) => findings[severity] > 0).map((severity) => `${count(findings[severity])} ${severity}`);
  return (
    <div className="note">
      <p>
        <strong>{covers}</strong>: {count(devices.matched)} of {many(devices.all, "device")}
        {grave.length === 0 ? "" : `, with ${grave.join(", ")} findings`}.
      </p>
      {leaving.devices + leaving.findings === 0 ? null : <p>{many(leaving.devices, "device")} and {many(leaving.findings, "finding")} would leave the figures, and keep their memory.</p>}
      {entering.devices === 0 ? null : <p>{many(entering.devices, "device")} would come in again.</p>}
      {nextRunAt === null ? null : <p>Next run: {exact(nextRunAt)}.</p>}
      {replacesDefault ? <p>It takes over from “everything, continuously”.</p> : null}
    </div>
  );
}
