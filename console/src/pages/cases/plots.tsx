/** Cases over time, and where in ATT&CK they stand: under the filters of the queue; a technique is a filter itself. */
import type { CSSProperties, ReactNode } from "react";
import type { Answer, Query } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { Chart, type Series } from "../../parts/chart.tsx";
import { Section } from "../../parts/page.tsx";
import { Failed, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { count, many, sentence } from "../../parts/words.tsx";

type Filter = Query<"GET /api/v1/cases/techniques">;
type Volume = Answer<"GET /api/v1/cases/volume">;
type Technique = Answer<"GET /api/v1/cases/techniques">["others"][number];

const SEVERITIES = [
  { severity: "unknown", colour: "line-strong" },
  { severity: "info", colour: "faint" },
  { severity: "low", colour: "low" },
  { severity: "medium", colour: "medium" },
  { severity: "high", colour: "high" },
  { severity: "critical", colour: "critical" },
] as const;

/** The gravest at the top; of what never came nothing is said. */
export function bySeverity({ points }: Volume): readonly Series[] {
  const each = SEVERITIES.map(({ severity, colour }): Series => ({ name: sentence(severity), colour, kind: "bar", values: points.map(({ counts }) => counts[severity]) }));
  return each.filter(({ name, values }) => !["Unknown", "Info"].includes(name) || values.some((value) => value !== 0));
}

export function VolumeChart({ name, volume }: { readonly name: string; readonly volume: Volume }): ReactNode {
  return <Chart name={name} per="day" moments={volume.points.map(({ from }) => from)} series={bySeverity(volume)} note={volume.wholeSince === null ? null : `Counted whole since ${exact(volume.wholeSince)}: there are more before.`} />;
}

export function CasePlots({ filter, technique, onTechnique }: { readonly filter: Filter; readonly technique: string | undefined; readonly onTechnique: (technique: string | undefined) => void }): ReactNode {
  const volume = useAsk("GET /api/v1/cases/volume", { query: { ...filter, days: 30 } }, { every: 60_000 });
  const seen = useAsk("GET /api/v1/cases/techniques", { query: filter }, { every: 60_000 });
  return (
    <div className="plots">
      <Section title="By the day of their newest alert" aside="30 days">
        {volume.isPending ? <Loading what="Counting" /> : volume.isError ? <Failed fault={volume.error} again={() => void volume.refetch()} /> : <VolumeChart name="Cases by the day of their newest alert and by severity" volume={volume.data} />}
      </Section>
      <Section title="ATT&CK" aside={seen.data === undefined ? undefined : seen.data.whole ? many(seen.data.cases, "case") : `the newest ${count(seen.data.cases)} cases`}>
        {seen.isPending ? <Loading what="Looking for techniques" /> : seen.isError ? <Failed fault={seen.error} again={() => void seen.refetch()} /> : <TechniqueMap seen={seen.data} chosen={technique} onChoose={onTechnique} />}
      </Section>
    </div>
  );
}

function TechniqueMap({ seen, chosen, onChoose }: { readonly seen: Answer<"GET /api/v1/cases/techniques">; readonly chosen: string | undefined; readonly onChoose: (technique: string | undefined) => void }): ReactNode {
  const rows = [...seen.tactics, ...(seen.others.length === 0 ? [] : [{ id: "others", name: "Others", techniques: seen.others }])];
  const most = Math.max(1, ...rows.flatMap(({ techniques }) => techniques.map(({ cases }) => cases)));
  if (rows.length === 0) return <p className="faint">No alert of these cases names a technique.</p>;
  return (
    <div className="techniques-box">
      <table className="techniques">
        <caption className="unseen">Techniques by tactic, with how many cases each was seen in. Choosing one shows its cases.</caption>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row">{row.name}</th>
              <td>
                <ul>
                  {row.techniques.map((one) => {
                    const text = textOf(one);
                    return (
                      <li key={text}>
                        <button type="button" className="technique" aria-pressed={chosen === text} style={{ "--share": String(Math.round(12 + (one.cases / most) * 88)) } as CSSProperties} onClick={() => onChoose(chosen === text ? undefined : text)}>
                          <span>{[one.id, one.name].filter((word) => word !== null).join(" ")}</span>
                          <span className="technique-many">
                            {count(one.cases)}
                            <span className="unseen"> {one.cases === 1 ? "case" : "cases"}</span>
                          </span>
                        </button>
                      </li>
                    );
                  })}
                </ul>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the queue is searched for. */
function textOf({ id, name }: Technique): string {
  return (id ?? name ?? "").slice(0, 200);
}
