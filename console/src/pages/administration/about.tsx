/** Which Vedette this is, and what it is made of. */
import { TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Empty } from "../../parts/states.tsx";
import { useTyped, useUrl } from "../../parts/url.ts";
import { AdministrationPlaces } from "./places.tsx";

interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/** Put in by the build, from the lock file. */
declare const SHIPPED: readonly Shipped[];

const COLUMNS: readonly Column<Shipped>[] = [
  { id: "name", header: "Package", narrow: true, text: ({ name }) => name },
  { id: "version", header: "Version", width: 104, narrow: true, text: ({ version }) => version },
  { id: "licence", header: "Licence", width: 116, narrow: true, text: ({ licence }) => licence },
];

export function AboutPage(): ReactNode {
  const { version } = useSession();
  const status = useAsk("GET /api/v1/status", { query: { limit: 1 } }, { enabled: useMay("status.read") });
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  const text = (url.get("text") ?? "").toLowerCase();
  const rows = SHIPPED.filter((one) => text === "" || `${one.name} ${one.licence}`.toLowerCase().includes(text));
  return (
    <Page title="About" lead="Vedette reads SentinelOne consoles once and serves cases, identity events, access, posture and vulnerabilities from one mirror.">
      <AdministrationPlaces />
      <Section title="This hub">
        <Facts
          facts={[
            { name: "Version", value: <span className="strong">{version}</span> },
            { name: "Licence", value: "Apache-2.0" },
            { name: "Store", value: status.data?.hub.store ?? "–" },
            { name: "API", value: <a href="/api/openapi.json">OpenAPI document</a> },
          ]}
        />
      </Section>
      <Section title="What it is made of" flush aside={<a href="/licences.txt">Texts of all licences</a>}>
        <div className="card-body">
          <TextInput className="filter-search" aria-label="Search packages" placeholder="Part of a name or of a licence" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        </div>
        <DataTable short name="packages" columns={COLUMNS} rows={rows} rowKey={({ name, version: of }) => `${name} ${of}`} empty={<Empty title="No package matches." />} />
      </Section>
    </Page>
  );
}
