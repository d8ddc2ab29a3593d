/**
 * How many people some names of users are. One console writes one person as `j.orozco`, `ORCHARD\j.orozco` and `j.orozco@orchard.example`, often in one alert; two
 * domains that each have an `admin` have two. Pure.
 */

/** Of a machine in no domain: says nothing of who somebody is. */
const NO_DOMAIN = "workgroup";

export function peopleIn(names: Iterable<string>): number {
  const domains = new Map<string, Set<string>>();
  for (const name of names) {
    const { bare, domain } = partsOf(name.trim().toLowerCase());
    const known = domains.get(bare) ?? new Set();
    if (domain !== null) known.add(domain);
    domains.set(bare, known);
  }
  // Whoever is named without a domain is taken for one who is named with one.
  return [...domains.values()].reduce((people, of) => people + Math.max(1, of.size), 0);
}

function partsOf(name: string): { readonly bare: string; readonly domain: string | null } {
  const stroke = name.lastIndexOf("\\");
  if (stroke > 0 && stroke < name.length - 1) {
    const domain = name.slice(0, stroke);
    return { bare: name.slice(stroke + 1), domain: domain === NO_DOMAIN ? null : domain };
  }
  const at = name.lastIndexOf("@");
  // Mail is of another domain than the one people sign in to: it does not tell two apart.
  return { bare: at > 0 ? name.slice(0, at) : name, domain: null };
}
