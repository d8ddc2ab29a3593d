/**
 * Kinds of identity alerts by a phrase of their names, which differ between versions of the console: the techniques they stand for and the
 * categories they belong to besides. A record's own techniques go first; these fill in where it names none, or only the parent of one.
 */
export interface IdentityKind {
  /** In lower case. All words of one of the phrases have to be in the name. */
  readonly phrases: readonly (readonly string[])[];
  readonly techniques: readonly string[];
  readonly tactics: readonly string[];
  readonly categories?: readonly ("iam" | "authentication")[];
}

/** An underscore in a phrase is a blank that its word has in it. */
function kind(phrases: readonly string[], techniques: string, tactics: string, ...categories: readonly ("iam" | "authentication")[]): IdentityKind {
  return { phrases: phrases.map((phrase) => phrase.split(" ").map((word) => word.replaceAll("_", " "))), techniques: techniques.split(" "), tactics: tactics.split(" "), categories };
}

const DISCOVERY = "TA0007";
const CREDENTIALS = "TA0006";

/** The first that fits. */
const KINDS: readonly IdentityKind[] = [
  kind(["dcsync"], "T1003.006", CREDENTIALS),
  kind(["dcshadow"], "T1207", "TA0005"),
  kind(["new privilege account", "new privileged account", "privilege accounts detected"], "T1098.007 T1136.002", "TA0003 TA0004", "iam"),
  kind(["password spray", "spraying"], "T1110.003", CREDENTIALS, "authentication"),
  kind(["account lockout"], "T1110.003", CREDENTIALS, "authentication"),
  kind(["brute force", "bruteforce", "brute-force"], "T1110", CREDENTIALS, "authentication"),
  kind(["default admin"], "T1078.001 T1078.002", "TA0001 TA0004", "authentication"),
  kind(["compromised password", "breached password", "banned password"], "T1589.001 T1110.004", "TA0043 TA0006"),
  kind(["domain controller discovery"], "T1018 T1482", DISCOVERY),
  kind(["service account enumeration"], "T1087.002", DISCOVERY),
  kind(["computer enumeration", "computers enumeration"], "T1018", DISCOVERY),
  kind(["acl enumeration"], "T1069.002", DISCOVERY),
  kind(["gpo enumeration", "group policy"], "T1615", DISCOVERY),
  kind(["users enumeration", "user enumeration"], "T1087.002", DISCOVERY),
  kind(["ldap search"], "T1087.002", DISCOVERY),
  kind(["trust enumeration", "trust discovery"], "T1482", DISCOVERY),
  kind(["as-rep", "asrep"], "T1558.004", CREDENTIALS),
  kind(["kerberoast"], "T1558.003", CREDENTIALS),
  kind(["golden ticket"], "T1558.001", CREDENTIALS),
  kind(["silver ticket"], "T1558.002", CREDENTIALS),
  kind(["diamond ticket"], "T1558.001", CREDENTIALS),
  kind(["skeleton key"], "T1556.001", "TA0006 TA0005 TA0003"),
  kind(["pass the hash", "pass-the-hash", "overpass"], "T1550.002", "TA0005 TA0008"),
  kind(["pass the ticket", "pass-the-ticket"], "T1550.003", "TA0005 TA0008"),
  kind(["certificate services", "adcs", "ad_cs_", "certificate template"], "T1649", CREDENTIALS),
  kind(["decoy", "deception"], "T1078 T1021", "TA0008"),
  kind(["lsass"], "T1003.001", CREDENTIALS),
  kind(["ntds"], "T1003.003", CREDENTIALS),
];

const MAX_KNOWN = 512;
const byName = new Map<string, IdentityKind | null>();

export function identityKind(name: string): IdentityKind | null {
  const known = byName.get(name);
  if (known !== undefined) return known;
  const words = `${name.toLowerCase().slice(0, 300)} `;
  const found = KINDS.find(({ phrases }) => phrases.some((phrase) => phrase.every((word) => words.includes(word)))) ?? null;
  // Names come from a short list; one made up for each alert must not fill the memory.
  if (byName.size < MAX_KNOWN) byName.set(name, found);
  return found;
}
