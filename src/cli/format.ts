/** Numbers, times and sizes as people read them. Pure; the time is an argument. */

export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

const UNITS = [["d", 86_400], ["h", 3600], ["m", 60], ["s", 1]] as const;

/** The two largest units, `4d 3h`, `2h 05m`, `3m 20s`, `45s`; the second is left out when it is nothing: `5m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const largest = Math.max(0, UNITS.findIndex(([, size]) => whole >= size));
  const [unit, size] = UNITS[whole === 0 ? 3 : largest] ?? ["s", 1];
  const [next, nextSize] = UNITS[largest + 1] ?? ["", 0];
  const rest = nextSize === 0 || whole === 0 ? 0 : Math.floor((whole % size) / nextSize);
  return `${String(Math.floor(whole / size))}${unit}${rest === 0 ? "" : ` ${String(rest).padStart(unit === "d" ? 1 : 2, "0")}${next}`}`;
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(size) : size.toFixed(1)} ${units[unit] ?? ""}`;
}

/** `2026-11-20 16:04:28Z`; what is not a time stays as it is. */
export function time(rfc3339: string | null): string {
  if (rfc3339 === null) return "-";
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(rfc3339) ? `${rfc3339.slice(0, 10)} ${rfc3339.slice(11, 19)}Z` : rfc3339;
}

export function day(rfc3339: string | null): string {
  return rfc3339 === null ? "-" : rfc3339.slice(0, 10);
}

export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}
