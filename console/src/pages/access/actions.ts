/** What people ask for; the hub knows more, and every permission by the console's own name. */
export const ACTIONS: readonly string[] = [
  "isolate", "reconnect", "remote shell", "uninstall", "shut down", "reboot", "scan", "disable agent", "passphrase", "fetch files", "move agents", "decommission", "kill", "quarantine", "unquarantine", "remediate", "rollback",
  "resolve threats", "add exclusions", "blocklist", "change policy", "create users", "edit users", "delete users", "generate tokens", "create service users", "create roles", "edit roles",
];
