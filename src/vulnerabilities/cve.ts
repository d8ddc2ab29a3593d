/** CVE ids as every list has to name them: upper case, four digits of a year, four or more of a number. Pure. */
const FORM = /^CVE-\d{4}-\d{4,19}$/;

/** Upper case without outer blanks; null where it is no CVE id. */
export function cveId(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const id = value.trim().toUpperCase();
  return FORM.test(id) ? id : null;
}
