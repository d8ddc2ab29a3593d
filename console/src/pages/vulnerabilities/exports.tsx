/** Findings as files, whole: how much of one has come is told as it comes, and it can be stopped. */
import { Button, Checkbox } from "@mantine/core";
import { useRef, useState, type ReactNode } from "react";
import { addressOf, readFile } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { save } from "../../parts/csv.ts";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { useTenant } from "../../parts/url.ts";
import { count } from "../../parts/words.tsx";
import { VULNERABILITY_PLACES } from "./words.ts";

const FORMATS = [
  { format: "csv", name: "CSV", file: "vedette-findings.csv", about: "A line for each weakness on each device: for spreadsheets.", lines: true },
  { format: "ndjson", name: "NDJSON", file: "vedette-findings.ndjson", about: "The same with everything that is known, a line of JSON each: for programs.", lines: true },
  { format: "html", name: "Report", file: "vedette-report.html", about: "A page to be read or printed: figures, what to fix first, how it went.", lines: false },
  { format: "vex", name: "VEX", file: "vedette-vex.json", about: "OpenVEX: which weaknesses affect what, and what was decided.", lines: false },
  { format: "flexconnect-json", name: "FlexConnect JSON", file: "vedette-flexconnect.json", about: "For exposure management that takes that form.", lines: false },
  { format: "flexconnect-csv", name: "FlexConnect CSV", file: "vedette-flexconnect.csv", about: "The same as CSV.", lines: false },
] as const;
type Format = (typeof FORMATS)[number];

export function ExportsPage(): ReactNode {
  const tenant = useTenant();
  const [setAside, setSetAside] = useState(false);
  const summary = useAsk("GET /api/v1/vulnerabilities/summary", { query: { tenant } });
  const active = summary.data === undefined ? null : summary.data.counts.open + summary.data.counts.stale;
  return (
    <Page title="Exports of findings" lead="Each file is whole, and made as it is saved: nothing is kept on the hub.">
      <Places name="Vulnerabilities" places={VULNERABILITY_PLACES} />
      <div className="filters">
        <Checkbox label="With what was set aside" checked={setAside} onChange={(event) => setSetAside(event.currentTarget.checked)} />
      </div>
      <ul className="exports card">
        {FORMATS.map((each) => (
          <Export key={each.format} of={each} address={addressOf("/api/v1/vulnerabilities/export", undefined, { format: each.format, tenant, setAside: setAside ? true : undefined })} about={each.lines ? active : null} />
        ))}
      </ul>
    </Page>
  );
}

interface Come {
  readonly bytes: number;
  readonly lines: number;
}

/** `about`: how many lines are expected. */
function Export({ of, address, about }: { readonly of: Format; readonly address: string; readonly about: number | null }): ReactNode {
  const [come, setCome] = useState<Come | null>(null);
  const [done, setDone] = useState<Come | null>(null);
  const [fault, setFault] = useState<Error | null>(null);
  const stop = useRef<AbortController | null>(null);

  async function start(): Promise<void> {
    const controller = new AbortController();
    stop.current = controller;
    let [last, latest]: [number, Come] = [0, { bytes: 0, lines: 0 }];
    setFault(null);
    setDone(null);
    setCome(latest);
    try {
      const file = await readFile(address, controller.signal, (bytes, lines) => {
        latest = { bytes, lines };
        // Drawn a few times a second, however many pieces come.
        if (performance.now() - last < 150) return;
        last = performance.now();
        setCome(latest);
      });
      save(of.file, file);
      setDone(latest);
    } catch (error) {
      if (!controller.signal.aborted) setFault(error instanceof Error ? error : new Error(String(error)));
    } finally {
      setCome(null);
    }
  }

  const share = come === null || about === null || about === 0 ? null : Math.min(100, (come.lines / about) * 100);
  return (
    <li>
      <div>
        <h2>{of.name}</h2>
        <p className="faint">{of.about}</p>
        {fault === null ? null : <FaultNote fault={fault} />}
      </div>
      <div className="export-state" role="status">
        {come === null ? (
          done === null ? null : <span className="faint">Saved: {sizeOf(done, of.lines)}</span>
        ) : (
          <>
            <span className={share === null ? "bar bar-busy" : "bar"} aria-hidden="true">
              <span style={share === null ? {} : { width: `${String(share)}%` }} />
            </span>
            <span>
              {sizeOf(come, of.lines)}
              {about === null ? "" : ` of about ${count(about)}`}
            </span>
          </>
        )}
      </div>
      {come === null ? (
        <Button variant="default" aria-label={`Save as ${of.name}`} onClick={() => void start()}>
          Save
        </Button>
      ) : (
        <Button variant="default" aria-label={`Stop ${of.name}`} onClick={() => stop.current?.abort()}>
          Stop
        </Button>
      )}
    </li>
  );
}

function sizeOf({ bytes, lines }: Come, byLines: boolean): string {
  const size = bytes < 1_000_000 ? `${count(Math.ceil(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
  return byLines ? `${count(lines)} lines, ${size}` : size;
}
