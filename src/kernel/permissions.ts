/** One frozen table of what a caller of our own API may do, and which roles hold it. */
export const PERMISSIONS = [
  "status.read",
  "connections.read",
  "connections.write",
  "sync.run",
  "tenants.read",
  "tenants.write",
  "parked.read",
  "parked.replay",
  "destinations.read",
  "destinations.write",
  "deliveries.read",
  "deliveries.replay",
  "posture.read",
  "posture.write",
  "access.read",
  "access.write",
  "vulnerabilities.read",
  "vulnerabilities.write",
  "alerts.read",
  "cases.read",
  "cases.write",
  "sql.read",
  "keys.read",
  "keys.write",
  "users.read",
  "users.write",
  "audit.read",
  "operate",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

const READ = ["status.read", "connections.read", "tenants.read", "parked.read", "destinations.read", "deliveries.read", "posture.read", "access.read", "vulnerabilities.read", "alerts.read", "cases.read"] as const satisfies readonly Permission[];

export const ROLES = {
  /** The machine's operator: everything, every tenant. */
  operator: PERMISSIONS,
  /** Runs an MSP's tenants: everything but the hub's own keys, SQL and backups. */
  "msp-admin": [...READ, "connections.write", "sync.run", "tenants.write", "parked.replay", "destinations.write", "deliveries.replay", "posture.write", "access.write", "vulnerabilities.write", "cases.write", "keys.read", "keys.write", "users.read", "users.write", "audit.read"],
  analyst: [...READ, "sync.run", "parked.replay", "deliveries.replay", "cases.write"],
  auditor: [...READ, "audit.read", "keys.read", "users.read"],
  viewer: READ,
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof ROLES;

export const ROLE_NAMES = Object.keys(ROLES) as readonly Role[];
