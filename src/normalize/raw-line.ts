/** What an identity alert's `raw_data` says beyond the fields: `5001802:Attacker IP=… Source Port=… Target IP=… Target Port=… userName=… dc_host=…`. */
import type { Json } from "../kernel/json.ts";

export interface RawLine {
  readonly sourceIp: string | undefined;
  readonly sourcePort: string | undefined;
  readonly targetIp: string | undefined;
  readonly targetPort: string | undefined;
  readonly user: string | undefined;
  readonly domain: string | undefined;
  readonly domainController: string | undefined;
}

const NOTHING: RawLine = { sourceIp: undefined, sourcePort: undefined, targetIp: undefined, targetPort: undefined, user: undefined, domain: undefined, domainController: undefined };
const MAX_LENGTH = 16_384;

export function rawLine(value: Json | undefined): RawLine {
  if (typeof value !== "string" || value.length > MAX_LENGTH || !value.includes("=")) return NOTHING;
  return {
    sourceIp: word(value, "Attacker IP="),
    sourcePort: word(value, "Source Port="),
    targetIp: word(value, "Target IP="),
    targetPort: word(value, "Target Port="),
    user: word(value, "userName="),
    domain: word(value, " Domain="),
    domainController: word(value, "dc_host="),
  };
}

function word(line: string, key: string): string | undefined {
  const at = line.indexOf(key);
  if (at === -1) return undefined;
  const start = at + key.length;
  const end = line.indexOf(" ", start);
  const found = line.slice(start, end === -1 ? undefined : end).replace(/[,;]$/, "");
  return found === "" || found === "-" ? undefined : found;
}
