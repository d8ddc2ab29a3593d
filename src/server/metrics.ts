/** Metrics in Prometheus' text form, from the same status that people read. Labels are ids and fixed words, never text from a record or a name. */
import type { StatusView } from "../kernel/api.ts";

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | null];

/** Numbers that are not known are left out: a missing sample is not a zero. */
export async function metricsText(status: StatusView, process: { readonly rssBytes: number; readonly uptimeSeconds: number }): Promise<string> {
  // Loaded by the first scrape: a command that asks for no metrics need not carry the library.
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  function gauge(name: string, help: string, labelNames: readonly string[], samples: readonly Sample[]): void {
    // The library writes 0 for a metric that was never set.
    const known = samples.flatMap(([labels, value]) => (value !== null && Number.isFinite(value) ? [[labels, value] as const] : []));
    if (known.length === 0) return;
    const metric = new Gauge({ name: `vedette_${name}`, help, labelNames: [...labelNames], registers: [registry] });
    for (const [labels, value] of known) metric.set({ ...labels }, value);
  }
  const perStream = (pick: (stream: StatusView["streams"][number]) => number | null): readonly Sample[] =>
    status.streams.map((stream) => [{ connection: stream.connection, stream: stream.stream }, pick(stream)] as const);
  const STREAM = ["connection", "stream"];
  const now = Date.parse(status.now);

  gauge("up", "1 while the hub answers.", [], [[{}, 1]]);
  gauge("healthy", "1 where status has no reason to complain.", [], [[{}, status.health.ok ? 1 : 0]]);
  gauge("build_info", "The version, as a label.", ["version"], [[{ version: status.version }, 1]]);
  gauge("process_resident_bytes", "Memory of the hub's process.", [], [[{}, process.rssBytes]]);
  gauge("process_uptime_seconds", "Seconds since the hub started.", [], [[{}, process.uptimeSeconds]]);
  gauge("disk_bytes", "Size of the store on disk.", [], [[{}, status.hub.diskBytes]]);
  gauge("disk_budget_bytes", "Size at which reading pauses.", [], [[{}, status.hub.diskBudgetBytes]]);
  gauge("reading_paused", "1 while reading is paused for want of disk.", [], [[{}, status.hub.readingPaused ? 1 : 0]]);

  gauge("stream_age_seconds", "Seconds since the console was last asked with success.", STREAM, perStream((stream) => stream.ageSeconds));
  gauge("stream_lag_seconds", "Seconds by which the proven source time is behind; 0 when caught up.", STREAM, perStream((stream) => lag(stream, now)));
  gauge("stream_caught_up", "1 where everything there was at the last reading is mirrored.", STREAM, perStream((stream) => (stream.caughtUp ? 1 : 0)));
  gauge("stream_rows", "Live rows in the mirror.", STREAM, perStream((stream) => stream.rows));
  gauge("stream_rows_gone", "Rows proven gone from the console.", STREAM, perStream((stream) => stream.goneRows));
  gauge("stream_parked", "Records set aside.", STREAM, perStream((stream) => stream.parked));
  gauge("stream_gaps", "Periods the source no longer holds that nobody has acknowledged.", STREAM, perStream((stream) => stream.gaps));
  gauge("stream_proven_age_seconds", "Seconds since the last listing that was proven complete.", STREAM, perStream((stream) => (stream.provenAt === null ? null : (now - Date.parse(stream.provenAt)) / 1000)));
  gauge("stream_drift", "What the last full reading had to add, change or close that the readings of changes had missed.", [...STREAM, "kind"], status.streams.flatMap(({ connection, stream, drift }) => (drift === undefined ? [] : (["added", "changed", "closed"] as const).map((kind) => [{ connection, stream, kind }, drift[kind]] as const))));
  gauge("stream_paused", "1 where reading is paused.", STREAM, perStream((stream) => (stream.paused ? 1 : 0)));
  gauge("stream_fault", "1 per stream with a fault, by its code.", [...STREAM, "code"], status.streams.flatMap((stream) => (stream.fault === null ? [] : [[{ connection: stream.connection, stream: stream.stream, code: stream.fault.code }, 1] as const])));
  gauge("stream_budget_per_second", "Requests per second the console's budget allows for this stream's path class.", STREAM, perStream((stream) => stream.budget?.perSecond ?? null));
  gauge("stream_budget_available", "Requests left in this instant.", STREAM, perStream((stream) => stream.budget?.available ?? null));
  gauge("stream_budget_waiting", "Requests waiting for their turn.", STREAM, perStream((stream) => stream.budget?.waiting ?? null));

  const perDestination = (pick: (destination: StatusView["destinations"][number]) => number | null): readonly Sample[] => status.destinations.map((one) => [{ destination: one.id, kind: one.kind }, pick(one)] as const);
  const DESTINATION = ["destination", "kind"];
  gauge("deliveries_queued", "Deliveries that wait.", DESTINATION, perDestination((one) => one.queued));
  gauge("deliveries_parked", "Deliveries set aside.", DESTINATION, perDestination((one) => one.parked));
  gauge("deliveries_oldest_seconds", "Seconds since what has waited longest was queued; 0 where nothing waits.", DESTINATION, perDestination((one) => one.oldestSeconds ?? 0));
  if (status.destinations.length > 0) {
    const delivered = new Counter({ name: "vedette_deliveries_delivered_total", help: "Deliveries accepted since the destination was added, replays among them.", labelNames: DESTINATION, registers: [registry] });
    for (const [labels, value] of perDestination((one) => one.delivered)) delivered.inc({ ...labels }, value ?? 0);
  }
  gauge("destination_fault", "1 per destination that takes nothing, by the fault's code.", [...DESTINATION, "code"], status.destinations.flatMap((one) => (one.fault === null ? [] : [[{ destination: one.id, kind: one.kind, code: one.fault.code }, 1] as const])));

  gauge("connection_state", "1 for the state a connection is in.", ["connection", "state"], status.connections.map((one) => [{ connection: one.id, state: one.state }, 1]));
  gauge("connection_fault", "1 per connection with a fault, by its code.", ["connection", "code"], status.connections.flatMap((one) => (one.fault === null ? [] : [[{ connection: one.id, code: one.fault.code }, 1] as const])));
  gauge("token_expiry_days", "Whole days until the token ends; negative after it.", ["connection"], status.connections.map((one) => [{ connection: one.id }, one.token.daysLeft]));
  gauge("parked", "Records set aside in all.", [], [[{}, status.parked]]);
  return registry.metrics();
}

function lag(stream: StatusView["streams"][number], now: number): number | null {
  if (stream.caughtUp) return 0;
  return stream.watermark === null ? null : Math.max(0, (now - Date.parse(stream.watermark)) / 1000);
}
