/** docs/faults.md: every kind and every code, from the catalogue. */
import { FAULT_CODES, FAULTS } from "../../src/kernel/fault.ts";
import { GENERATED_NOTE, table } from "./table.ts";

const ACTIONS: Readonly<Record<(typeof FAULTS)[keyof typeof FAULTS]["action"], string>> = {
  stop: "stops",
  "skip-stream": "skips the stream",
  wait: "waits as told",
  retry: "retries",
  "restart-window": "reads the window again",
  park: "sets it aside, goes on",
  "keep-old-state": "keeps the old state",
  yield: "leaves it to the other",
};

export function faultsDocument(): string {
  const kinds = Object.entries(FAULTS).map(([kind, policy]) => [`\`${kind}\``, policy.meaning, ACTIONS[policy.action], policy.audience, String(policy.exitCode)]);
  const codes = Object.entries(FAULT_CODES)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([code, entry]) => [`\`${code}\``, `\`${entry.kind}\``, entry.when, entry.cure]);
  return `${GENERATED_NOTE}

# Faults

Whatever goes wrong is a fault: a stable code, one of twelve kinds, a message and a cure. It never carries a request or an answer.
Commands print \`CODE: message\` and \`what to do: cure\` on standard error, or with \`--json\` one object \`{"fault":{…}}\`; the HTTP API
answers \`{"fault":{…},"requestId":…}\`.

## Kinds

The exit code is that of the kind. Two more: 0 when all is well, 1 when a question was asked and the answer is no (\`status\` unhealthy
without a fault, \`connections verify\` with a failed check, \`audit verify\` with a broken chain).

${table(["Kind", "Meaning", "Vedette", "Who can end it", "Exit code"], kinds)}

## Codes

Codes are never renamed or used for something else.

${table(["Code", "Kind", "When", "What to do"], codes)}
`;
}
