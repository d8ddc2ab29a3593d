/** The answers of a DNS event: `type:  5 name;` for each record with a type, bare names or addresses for the others. */
import { isIP } from "node:net";
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";

const RECORD_TYPES: ReadonlyMap<string, string> = new Map([
  ["1", "A"],
  ["2", "NS"],
  ["5", "CNAME"],
  ["6", "SOA"],
  ["12", "PTR"],
  ["15", "MX"],
  ["16", "TXT"],
  ["17", "RP"],
  ["18", "AFSDB"],
  ["24", "SIG"],
  ["25", "KEY"],
  ["28", "AAAA"],
  ["29", "LOC"],
  ["33", "SRV"],
  ["35", "NAPTR"],
  ["36", "KX"],
  ["37", "CERT"],
  ["39", "DNAME"],
  ["42", "APL"],
  ["43", "DS"],
  ["44", "SSHFP"],
  ["45", "IPSECKEY"],
  ["46", "RRSIG"],
  ["47", "NSEC"],
  ["48", "DNSKEY"],
  ["49", "DHCID"],
  ["50", "NSEC3"],
  ["51", "NSEC3PARAM"],
  ["52", "TLSA"],
  ["53", "SMIMEA"],
  ["55", "HIP"],
  ["59", "CDS"],
  ["60", "CDNSKEY"],
  ["61", "OPENPGPKEY"],
  ["62", "CSYNC"],
  ["249", "TKEY"],
  ["250", "TSIG"],
  ["256", "URI"],
  ["257", "CAA"],
  ["32768", "TA"],
  ["32769", "DLV"],
]);

/** The word that the intake writes for a number it has no name for. */
const NO_NAME = "None";

export function answersOf(response: string, context: MapContext): readonly JsonObject[] {
  return response.split(";").flatMap((record) => {
    if (record === "") return [];
    if (!record.startsWith("type:")) return [answer(record)];
    const words = record.split(" ");
    const number = words.at(-2) ?? "";
    const type = RECORD_TYPES.get(number);
    if (type === undefined) context.unseen("event.dns.response", number);
    const name = words.at(-1) ?? "";
    return [name === "" ? { type: type ?? NO_NAME } : { name, type: type ?? NO_NAME }];
  });
}

function answer(name: string): JsonObject {
  const version = isIP(name);
  return version === 0 ? { name } : { name, type: version === 4 ? "A" : "AAAA" };
}
