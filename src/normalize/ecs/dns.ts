/** Questions and answers of DNS as SentinelOne writes them: `type:  5 name.example;192.0.2.7;2001:db8::7;`. */
import type { Json } from "../../kernel/json.ts";
import { registeredParts } from "../domains.ts";
import { address, text } from "../values.ts";
import { put, putList, putObject, type Draft, type Fields } from "./document.ts";

const TYPES: ReadonlyMap<string, string> = new Map([
  ["1", "A"],
  ["2", "NS"],
  ["5", "CNAME"],
  ["6", "SOA"],
  ["12", "PTR"],
  ["15", "MX"],
  ["16", "TXT"],
  ["28", "AAAA"],
  ["33", "SRV"],
  ["41", "OPT"],
  ["64", "SVCB"],
  ["65", "HTTPS"],
]);
const TYPED = /^type:\s*(\d{1,5})\s+(.+)$/i;
const MAX_ANSWERS = 256;

export function dnsOf(draft: Draft, request: Json | undefined, response: Json | undefined): Fields {
  const dns: Fields = {};
  const question: Fields = {};
  // A name may come with the root's dot.
  const name = text(request)?.replace(/^type:\s*\d+\s+/i, "").replace(/(?<=.)\.$/, "");
  put(question, "name", draft.host(name));
  if (name !== undefined) Object.assign(question, registeredParts(name.toLowerCase()));
  putObject(dns, "question", question);
  const { answers, resolved } = answersOf(draft, response);
  putList(dns, "answers", answers);
  putList(dns, "resolved_ip", [...resolved]);
  for (const _ in dns) {
    dns["type"] = answers.length > 0 ? "answer" : "query";
    break;
  }
  return dns;
}

function answersOf(draft: Draft, response: Json | undefined): { readonly answers: readonly Fields[]; readonly resolved: ReadonlySet<string> } {
  const answers: Fields[] = [];
  const resolved = new Set<string>();
  for (const part of (text(response) ?? "").split(";", MAX_ANSWERS)) {
    const said = part.trim();
    if (said === "") continue;
    const typed = TYPED.exec(said);
    const data = typed?.[2]?.trim() ?? said;
    const ip = address(data);
    if (ip !== undefined) resolved.add(draft.ip(ip) ?? ip);
    const answer: Fields = { data };
    const number = typed?.[1];
    put(answer, "type", number === undefined ? (ip === undefined ? undefined : ip.includes(":") ? "AAAA" : "A") : (TYPES.get(number) ?? number));
    answers.push(answer);
  }
  return { answers, resolved };
}
