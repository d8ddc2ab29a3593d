/** `posture coverage` without a list: what an access policy can rest on, as the console's page says it. */
import type { ConnectionView } from "../kernel/api.ts";
import type { PostureCoverage } from "../kernel/posture-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, plural, time } from "./format.ts";
import { gather, listItems } from "./lists.ts";
import type { CoverageOptions } from "./posture-coverage.ts";
import type { ApiClient } from "./ports.ts";

/** In one question. */
const NAMED = 200;

export async function coverageKnown({ out }: CliContext, api: ApiClient, options: CoverageOptions): Promise<number> {
  if (options.csv === true) throw new Fault("CONFIG_INVALID", "--csv prints the gaps of a list, and none is given.", { cure: "Name a list, or use --json." });
  const known = await api.request<PostureCoverage>("GET", "/api/v1/posture/coverage");
  if (options.json === true) {
    out.json(known);
    return EXIT_OK;
  }
  const { devices, serials, verdicts, silent, neverReported, connections } = known;
  const of = (many: number): string => (devices === 0 ? count(many) : `${count(many)} (${String(Math.round((many / devices) * 100))} %)`);
  out.facts([
    ["devices", count(devices)],
    ["serial of its own", of(serials.own)],
    ["shared serial", `${of(serials.shared.devices)}${serials.shared.numbers === 0 ? "" : `, ${plural(serials.shared.numbers, "number")}, ${count(serials.ambiguous.count)}${serials.ambiguous.is === "exact" ? "" : "+"} ambiguous`}`],
    ["no usable serial", of(serials.none)],
    ["verdict", `${count(verdicts.pass)} pass, ${count(verdicts.warn)} warn, ${count(verdicts.fail)} fail, ${count(verdicts.unknown)} cannot be judged, ${count(verdicts.none)} asked by no rule`],
    ...silent.map(({ days, devices: many }) => [`silent over ${plural(days, "day")}`, of(many)] as [string, string]),
    ...(neverReported === 0 ? [] : [["said no time", of(neverReported)] as [string, string]]),
  ]);
  if (connections.length > 0) out.line();
  const ids = connections.slice(0, NAMED).map(({ connection }) => connection).join(",");
  const names = new Map(ids === "" ? [] : (await gather(listItems<ConnectionView>(api, "/api/v1/connections", { ids }))).map(({ id, name }) => [id, name]));
  out.table(
    ["CONNECTION", "DEVICES", "EVIDENCE", "PROVEN TO", "SET ASIDE"],
    connections.map((one) => [names.get(one.connection) ?? one.connection, count(one.devices), one.evidence, one.readTo === null ? "never" : time(one.readTo), count(one.setAside)]),
  );
  return EXIT_OK;
}
