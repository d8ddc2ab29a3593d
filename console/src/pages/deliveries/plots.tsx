/** How deliveries went: what was taken, set aside and tried again, and how long it took. */
import type { ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { Chart, type Series } from "../../parts/chart.tsx";
import { Section } from "../../parts/page.tsx";
import { Failed, Loading } from "../../parts/states.tsx";
import { useTenant, useUrl } from "../../parts/url.ts";

const SPANS = [
  { value: "3h", name: "3 hours", per: "minutes" },
  { value: "24h", name: "24 hours", per: "hour" },
  { value: "14d", name: "14 days", per: "day" },
] as const;
type Span = (typeof SPANS)[number];

const COLOURS = ["act", "good", "medium", "high", "low", "critical", "faint"] as const;

function seconds(value: number): string {
  if (value < 120) return `${value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value))} s`;
  return value < 7200 ? `${String(Math.round(value / 60))} min` : `${String(Math.round(value / 3600))} h`;
}

/** Of one destination by what became of deliveries; of all by destination. */
export function DeliveryPlots({ destination }: { readonly destination?: string }): ReactNode {
  const url = useUrl();
  const tenant = useTenant();
  const span = SPANS.find(({ value }) => value === url.get("span")) ?? SPANS[0];
  const found = useAsk("GET /api/v1/deliveries/throughput", { query: { destination, span: span.value } }, { every: 15_000 });
  const choice = <SpanChoice span={span} onSpan={(value) => url.set({ span: value === SPANS[0].value ? undefined : value })} />;
  if (found.isPending || found.isError)
    return (
      <Section title="Throughput" aside={choice}>
        {found.isPending ? <Loading what="Counting" /> : <Failed fault={found.error} again={() => void found.refetch()} />}
      </Section>
    );
  const { periods, destinations } = found.data;
  const [only] = destinations;
  const taken: readonly Series[] =
    destination !== undefined && only !== undefined
      ? [
          { name: "Accepted", colour: "good", kind: "bar", values: only.accepted },
          { name: "Set aside", colour: "bad", kind: "bar", values: only.parked },
          { name: "Tried again", colour: "warn", kind: "bar", values: only.again },
        ]
      : destinations.map(({ name, accepted }, place) => ({ name, colour: colourOf(place), kind: "bar", values: accepted }));
  const lag: readonly Series[] =
    destination !== undefined && only !== undefined
      ? [
          { name: "On average", colour: "act", kind: "line", values: only.lag },
          { name: "Longest", colour: "warn", kind: "line", values: only.longest },
        ]
      : destinations.map(({ name, lag: mean }, place) => ({ name, colour: colourOf(place), kind: "line", values: mean }));
  if (destinations.length === 0) return null;
  const every = span.per === "minutes" ? "each five minutes" : span.per === "hour" ? "each hour" : "each day";
  return (
    <div className="plots" key={tenant}>
      <Section title={destination === undefined ? `Accepted, ${every}` : `What became of them, ${every}`} aside={choice}>
        <Chart name={`Deliveries ${every}`} per={span.per} moments={periods} series={taken} />
      </Section>
      <Section title="From queued to accepted" aside={destination === undefined ? "on average" : undefined}>
        <Chart name={`How long deliveries took, ${every}`} per={span.per} moments={periods} series={lag} say={seconds} />
      </Section>
    </div>
  );
}

function colourOf(place: number): string {
  return COLOURS[place % COLOURS.length] ?? "act";
}

function SpanChoice({ span, onSpan }: { readonly span: Span; readonly onSpan: (value: Span["value"]) => void }): ReactNode {
  return (
    <div className="plot-choice" role="group" aria-label="Time shown">
      {SPANS.map(({ value, name }) => (
        <button key={value} type="button" aria-pressed={value === span.value} onClick={() => onSpan(value)}>
          {name}
        </button>
      ))}
    </div>
  );
}
