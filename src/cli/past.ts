/** Times on a command line: `24h` and `7d` are so long ago; anything else is a time, which the hub reads. */
import { readDuration } from "../kernel/durations.ts";

export function past(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const days = /^([1-9]\d{0,3})d$/.exec(text);
  const ms = days === null ? readDuration(text) : Number(days[1]) * 86_400_000;
  return ms === null ? text : new Date(Date.now() - ms).toISOString();
}
