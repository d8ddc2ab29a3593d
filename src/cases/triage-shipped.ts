/** The rules that are there from the beginning, in the form in which people write theirs. docs/triage.md lists them; a test holds the two together. */
const SCRIPT_HOSTS = ["powershell*", "pwsh*", "cmd.exe", "cmd", "wscript*", "cscript*", "mshta*", "rundll32*", "regsvr32*"] as const;
const OFFICE = ["winword*", "excel*", "powerpnt*", "outlook*", "onenote*", "msaccess*", "acrord32*", "acrobat*"] as const;

const NOT_STOPPED = { fact: "mitigation", is: ["not_mitigated", "unmitigated", "active", "pending", "suspicious_resolved_not_mitigated"] } as const;
const STOPPED = { fact: "mitigation", is: ["mitigated", "blocked", "preventive_mitigated"] } as const;

export const SHIPPED_RULES: readonly unknown[] = [
  { id: "confidence-malicious", title: "SentinelOne is sure that it is malicious", weight: 40, when: { fact: "confidence", is: "malicious" } },
  { id: "confidence-suspicious", title: "SentinelOne finds it suspicious, and nothing of it malicious", weight: 15, when: { all: [{ fact: "confidence", is: "suspicious" }, { not: { fact: "confidence", is: "malicious" } }] } },
  { id: "console-true-positive", title: "Somebody at the console called it a true positive", weight: 60, when: { fact: "console-verdict", is: "true-positive" } },
  { id: "console-suspicious", title: "Somebody at the console called it suspicious", weight: 10, when: { fact: "console-verdict", is: "suspicious" } },
  { id: "console-false-positive", title: "Somebody at the console called all of it a false positive", weight: -80, of: "every", when: { fact: "console-verdict", is: "false-positive" } },
  { id: "marked-benign", title: "All of it was marked as benign", weight: -60, of: "every", when: { fact: "mitigation", is: ["marked_as_benign", "benign"] } },
  { id: "listed-malicious", title: "A hash is on a list of malicious ones that you gave", weight: 60, when: { fact: "listed", is: "malicious" } },
  { id: "listed-trusted", title: "A hash is on a list of trusted ones that you gave", weight: -60, when: { fact: "listed", is: "trusted" } },
  { id: "known-malicious", title: "Knowledge says that it is malicious", weight: 50, when: { fact: "knowledge", is: "malicious" } },
  { id: "known-suspicious", title: "Knowledge says that it is suspicious", weight: 20, when: { fact: "knowledge", is: "suspicious" } },
  { id: "known-benign", title: "Knowledge says that it is benign", weight: -60, when: { fact: "knowledge", is: "benign" } },
  { id: "known-context", title: "Something is known of it", weight: 0, when: { fact: "knowledge", is: "context" } },
  { id: "earlier-true-positive", title: "Another case of the tenant with the same content or behaviour was a true positive", weight: 35, when: { fact: "earlier-verdict", is: "true-positive" } },
  { id: "earlier-false-positive", title: "Another case of the tenant with the same content or behaviour was a false positive", weight: -45, when: { fact: "earlier-verdict", is: "false-positive" } },
  { id: "reputation-malicious", title: "SentinelOne's cloud knows the hash as malicious", weight: 10, when: { fact: "reputation", is: "black" } },
  { id: "signature-invalid", title: "The file's signature does not hold", weight: 15, when: { fact: "signature", is: "invalid" } },
  { id: "signature-missing", title: "The file is not signed", weight: 5, when: { fact: "signature", is: "unsigned" } },
  { id: "signature-verified", title: "All files are signed, and the signatures hold", weight: -15, of: "every", when: { fact: "signature", is: "verified" } },
  {
    id: "path-writable", title: "It lies where any user, and any download, can write", weight: 10,
    when: { fact: "path", like: ["*\\appdata\\*", "*\\temp\\*", "*\\users\\public\\*", "*\\downloads\\*", "*\\$recycle.bin\\*", "*\\perflogs\\*", "*\\programdata\\*", "/tmp/*", "/var/tmp/*", "/dev/shm/*", "*/downloads/*", "/users/shared/*"] },
  },
  { id: "path-installed", title: "All of it lies where installed software does", weight: -5, of: "every", when: { fact: "path", like: ["*\\program files\\*", "*\\program files (x86)\\*", "*\\windows\\system32\\*", "/usr/bin/*", "/usr/sbin/*", "/applications/*"] } },
  { id: "parent-office", title: "A document's program started a script host", weight: 30, when: { all: [{ fact: "parent", like: OFFICE }, { any: [{ fact: "process", like: SCRIPT_HOSTS }, { fact: "command-line", has: ["powershell", "cmd.exe", "wscript", "cscript", "mshta"] }] }] } },
  { id: "command-hidden", title: "A command line hides what it does", weight: 15, when: { fact: "command-line", has: ["-encodedcommand", " -enc ", " -e jab", "frombase64string", "-windowstyle hidden", "downloadstring(", "invoke-webrequest http"] } },
  { id: "command-destructive", title: "A command line takes away backups or reads stored secrets", weight: 35, when: { fact: "command-line", has: ["vssadmin delete shadows", "shadowcopy delete", "wbadmin delete", "bcdedit /set {default} recoveryenabled no", "lsass.dmp", "comsvcs.dll, minidump", "sekurlsa::", "ntdsutil \"ac i ntds\""] } },
  { id: "technique-credentials", title: "Its technique is theft of credentials", weight: 25, when: { fact: "technique", like: ["t1003*", "t1555*", "t1558*", "t1550*", "t1649*"] } },
  { id: "technique-impact", title: "Its technique is encryption of data, or the end of recovery", weight: 30, when: { fact: "technique", like: ["t1486*", "t1490*", "t1485*"] } },
  { id: "technique-defences", title: "Its technique is weakening of defences", weight: 10, when: { fact: "technique", like: ["t1562*", "t1070*", "t1112*"] } },
  { id: "class-grave", title: "Ransomware, or what steals credentials", weight: 25, when: { any: [{ fact: "classification", has: ["ransom", "infostealer", "info stealer", "backdoor", "rootkit"] }, { fact: "type", is: "ransomware" }] } },
  { id: "class-unwanted", title: "Unwanted software rather than malware", weight: -10, when: { fact: "classification", is: ["pup", "pua", "adware", "potentially unwanted application"] } },
  {
    id: "identity-grave", title: "An attack on the directory that gives whoever succeeds everything", weight: 40,
    when: { any: [{ fact: "name", has: ["dcsync", "dcshadow", "golden ticket", "silver ticket", "diamond ticket", "skeleton key", "certificate abuse"] }, { fact: "name", like: ["ad cs *", "* ad cs *"] }] },
  },
  {
    id: "identity-attack", title: "An attack on accounts", weight: 20,
    when: {
      any: [
        { fact: "name", has: ["kerberoast", "as-rep", "asrep", "pass-the-hash", "pass the hash", "pass-the-ticket", "overpass", "password spray", "brute force", "account lockout", "service account enumeration", "decoy", "deception", "privilege account"] },
        { fact: "name", like: ["lure *", "* lure", "* lure *"] },
      ],
    },
  },
  { id: "identity-reconnaissance", title: "Looking around in the directory, which tools of administrators do as well", weight: -20, of: "every", when: { fact: "name", has: ["domain controller discovery", "ldap search", "enumeration", "gpo"] } },
  { id: "identity-weak-password", title: "A password that is known to others, or a default account", weight: 15, when: { fact: "name", has: ["compromised password", "default admin"] } },
  { id: "reconnaissance-tool", title: "A tool of reconnaissance or theft by its name", weight: 30, when: { any: [{ fact: "process", has: ["sharphound", "bloodhound", "adfind", "rubeus", "mimikatz", "lazagne", "procdump"] }, { fact: "path", has: ["sharphound", "bloodhound", "adfind", "rubeus", "mimikatz", "lazagne"] }] } },
  { id: "several-products", title: "Several products found it, each on its own", weight: 10, when: { fact: "products", atLeast: 2 } },
  { id: "outbreak", title: "It is on several devices", weight: 20, when: { fact: "devices", atLeast: 3 } },
  { id: "seen-at-other-tenants", title: "The same content was found at other tenants that take part", weight: 10, enabled: false, when: { fact: "other-tenants", atLeast: 1 } },
  { id: "not-stopped", title: "Something malicious has not been stopped", weight: 25, bears: "urgency", when: { all: [{ fact: "confidence", is: "malicious" }, NOT_STOPPED] } },
  { id: "suspicious-not-stopped", title: "Something suspicious has not been stopped", weight: 10, bears: "urgency", when: { all: [{ fact: "confidence", is: "suspicious" }, NOT_STOPPED] } },
  { id: "action-failed", title: "An action against it failed", weight: 20, bears: "urgency", when: { fact: "action", is: "failed" } },
  { id: "stopped", title: "All of it was stopped", weight: -25, bears: "urgency", of: "every", when: STOPPED },
  { id: "on-domain-controller", title: "It is on a domain controller", weight: 20, bears: "urgency", when: { fact: "role", is: "domain-controller" } },
  { id: "on-server", title: "It is on a server", weight: 10, bears: "urgency", when: { all: [{ fact: "role", is: "server" }, { not: { fact: "role", is: "domain-controller" } }] } },
  { id: "severity-critical", title: "The console calls an alert critical", weight: 15, bears: "urgency", when: { all: [{ fact: "stream", is: ["alerts", "cloud-detection-alerts"] }, { fact: "severity", is: "critical" }] } },
  { id: "severity-low", title: "The console calls all alerts low or informational", weight: -10, bears: "urgency", of: "every", when: { all: [{ fact: "stream", is: ["alerts", "cloud-detection-alerts"] }, { fact: "severity", is: ["low", "info"] }] } },
];
