/** docs/streams.md: every stream, its view and columns, from the registry. */
import { viewName } from "../../src/kernel/stream-ids.ts";
import type { Stream } from "../../src/sentinelone/streams/stream.ts";
import { STREAMS } from "../../src/sentinelone/streams/index.ts";
import { GENERATED_NOTE, table } from "./table.ts";

export function streamsDocument(): string {
  const overview = STREAMS.map((stream) => [`[${stream.id}](#${stream.id})`, `\`${viewName(stream.id)}\``, stream.endpoint, stream.needs.map((need) => `\`${need}\``).join(", "), every(stream.everyMs), every(stream.proofEveryMs)]);
  return `${GENERATED_NOTE}

# Streams

What is read from a console, where it lands, and what the token needs for it. Each stream has a view of live rows for \`vedette sql\`,
and \`<view>_history\` with the rows proven gone. Every view has, in this order, \`id\`, \`connection_id\`, \`tenant_id\`, the columns below, \`raw\` (the
record as SentinelOne sent it, registration secrets removed), \`first_seen_at\` and \`changed_at\` (ours, milliseconds since the epoch). Times
of SentinelOne's are RFC 3339 UTC text with six fractional digits, so that text order is time order; booleans are 0 or 1.

${table(["Stream", "View", "Read from", "Permissions", "Every", "Proof of deletions"], overview)}

${STREAMS.map(section).join("\n\n")}
`;
}

function section(stream: Stream): string {
  const passes = stream.passes.map((pass) => `${pass.id} (\`${pass.column}\`, read again from ${every(pass.overlapMs)} behind)`);
  const how = passes.length === 0 ? "Read whole every time; there is no way to ask for what is new." : `Asked for what is new by time: ${passes.join("; ")}.${stream.passesSeeEveryChange ? "" : " Not every change moves these times: full listings find the rest."}`;
  const parts = stream.partitionedBy === "site" ? " Full listings run by site, several at once." : "";
  return `## ${stream.id}

${stream.title}. ${how}${parts}

${table(["Column", "Type", "SentinelOne's field"], stream.columns.map((column) => [`\`${column.name}\``, column.type, `\`${column.source}\``]))}`;
}

function every(ms: number): string {
  if (ms % 86_400_000 === 0) return `${String(ms / 86_400_000)} d`;
  if (ms % 3_600_000 === 0) return `${String(ms / 3_600_000)} h`;
  if (ms % 60_000 === 0) return `${String(ms / 60_000)} min`;
  return `${String(ms / 1000)} s`;
}
