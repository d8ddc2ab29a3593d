/** One connection: whether it is well and what to do when it is not, how fresh each stream is, its token, what happened. */
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { useTenantNames } from "../../parts/tenant-names.ts";
import { day } from "../../parts/time.ts";
import { Ago, Outside, Tag, sentence } from "../../parts/words.tsx";
import { ConnectionActions } from "./actions.tsx";
import { Gaps, Log, Runs } from "./history.tsx";
import { ReadingNow } from "./reading-now.tsx";
import { Sites } from "./sites.tsx";
import { Streams } from "./streams.tsx";
import { hostOf, STATE_TONES, tokenTone, tokenWords, type Connection } from "./words.ts";

export function ConnectionPage(): ReactNode {
  const { id } = useParams({ from: "/connections/$id" });
  const found = useAsk("GET /api/v1/connections/{id}", { params: { id } }, { every: 15_000 });
  const mayReadRuns = useMay("status.read");
  const connectionId = found.data?.id ?? "";
  const streams = useAsk("GET /api/v1/streams/status", { query: { connections: connectionId } }, { every: 10_000, enabled: mayReadRuns && connectionId !== "" });
  const runs = useAsk("GET /api/v1/runs", { query: { connection: id, limit: 20 } }, { every: 5_000, enabled: mayReadRuns });
  if (found.isPending) return <Loading what="Loading the connection" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const connection = found.data;
  const running = runs.data?.items.find(({ state }) => state === "running");
  return (
    <Page
      title={connection.name}
      above={<Link to="/connections">Connections</Link>}
      lead={
        <span className="row">
          <Tag tone={STATE_TONES[connection.state]}>{connection.state}</Tag>
          <Outside href={connection.url}>{hostOf(connection.url)}</Outside>
          {connection.description === "" ? null : <span>{connection.description}</span>}
        </span>
      }
      actions={<ConnectionActions connection={connection} />}
    >
      {connection.fault === null ? null : <FaultNote fault={{ name: "fault", ...connection.fault }} />}
      {running === undefined ? null : <ReadingNow run={running} />}
      <Section title="Streams" flush aside={streams.data === undefined ? undefined : <span>as of <Ago at={streams.data.now} /></span>}>
        <Streams connection={connection} streams={streams.data?.items ?? []} pending={streams.isPending && mayReadRuns} fault={streams.error} />
      </Section>
      <div className="columns">
        <div className="column">
          <Gaps connection={connection.id} />
          <Section title="Runs" flush>
            <Runs runs={runs.data?.items ?? []} pending={runs.isPending} fault={runs.error} />
          </Section>
          <Section title="What happened">
            <Log connection={connection.id} />
          </Section>
        </div>
        <Section title="Token and scope">
          <TokenFacts connection={connection} />
        </Section>
      </div>
      <Sites connection={connection} />
    </Page>
  );
}

function TokenFacts({ connection }: { readonly connection: Connection }): ReactNode {
  const nameOf = useTenantNames([connection.tenant]);
  const { token, identity, scope } = connection;
  return (
    <div className="stack">
      {token.warning === null ? null : <FaultNote tone="warn" fault={{ name: "warning", message: token.warning }} />}
      <Facts
        facts={[
          { name: "Token ends", value: token.expiresAt === null ? "not known" : <><Tag tone={tokenTone(token.daysLeft)}>{tokenWords(token.daysLeft)}</Tag> {day(token.expiresAt)}</> },
          { name: "Remind me", value: token.expiresAt === null ? "–" : <a href={`/api/v1/connections/${encodeURIComponent(connection.id)}/calendar`} download>Calendar file</a> },
          { name: "Belongs to", value: identity === null ? "not known" : `${identity.name ?? identity.email ?? identity.id ?? "?"} (${sentence(identity.kind)})` },
          { name: "Roles", value: connection.roles.length === 0 ? "not known" : connection.roles.join(", ") },
          { name: "Scope", value: scope === null ? "not known" : `${sentence(scope.level)}${scope.names.length === 0 ? "" : `: ${scope.names.join(", ")}`}` },
          { name: "Tenant", value: nameOf(connection.tenant) },
          { name: "Owners", value: connection.owners.length === 0 ? "nobody" : connection.owners.join(", ") },
          { name: "Devices are read", value: `every ${connection.polling}` },
          { name: "Looks back", value: `${String(connection.lookBackDays)} days` },
          { name: "Verified", value: <Ago at={connection.verifiedAt} /> },
          { name: "Added", value: day(connection.createdAt) },
        ]}
      />
    </div>
  );
}
