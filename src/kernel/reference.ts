/**
 * What people call a thing: its id, or its name where one of those they may see has it. The words of a refusal are the same whoever asks and
 * whatever was asked for, so that they do not tell that another tenant has it.
 */
import { Fault } from "./fault.ts";

/** `found`: those with that id or name, in an order that stays. NOT_FOUND for none, CONFIG_INVALID for several of the name. */
export function oneByReference<T extends { readonly id: string }>(found: readonly T[], reference: string, noun: string, list: string): T {
  const exact = found.find(({ id }) => id === reference);
  if (exact !== undefined) return exact;
  const [only, second] = found;
  if (only === undefined) throw notFound(noun, list);
  if (second !== undefined) throw new Fault("CONFIG_INVALID", `Several ${noun}s have that name.`, { cure: `Give the id instead: ${found.map(({ id }) => id).join(", ")}.` });
  return only;
}

/** `alike`: what of those they may see has a name like it, as words that end in a blank. */
export function notFound(noun: string, list: string, alike = ""): Fault {
  return new Fault("NOT_FOUND", `There is no ${noun} of that name or id.`, { cure: `${alike}\`${list}\` shows what there is.` });
}
