/** Numbers, times and sizes as people read them. Pure; the time is an argument. */

export function count(value: number): string {
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `45s`, `3m 20s`, `2h 05m`, `4d 3h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${String(whole)}s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))}m ${String(whole % 60).padStart(2, "0")}s`;
  if (whole < 86_400) return `${String(Math.floor(whole / 3600))}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}m`;
  return `${String(Math.floor(whole / 86_400))}d ${String(Math.floor((whole % 86_400) / 3600))}h`;
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
