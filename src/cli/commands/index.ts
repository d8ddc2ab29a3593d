/** Every command, in the order help shows them. A command not in this list does not exist; a test holds the folder against it. */
import type { CliCommand } from "../command.ts";
import { accessCommand } from "./access.ts";
import { alertsCommand } from "./alerts.ts";
import { apiKeysCommand } from "./api-keys.ts";
import { auditCommand } from "./audit.ts";
import { backupCommand } from "./backup.ts";
import { casesCommand } from "./cases.ts";
import { connectCommand } from "./connect.ts";
import { connectionsCommand } from "./connections.ts";
import { deliveriesCommand } from "./deliveries.ts";
import { demoCommand } from "./demo.ts";
import { destinationsCommand } from "./destinations.ts";
import { gapsCommand } from "./gaps.ts";
import { keyringCommand } from "./keyring.ts";
import { normalizeCommand } from "./normalize.ts";
import { notificationsCommand } from "./notifications.ts";
import { parkedCommand } from "./parked.ts";
import { postureCommand } from "./posture.ts";
import { reportsCommand } from "./reports.ts";
import { restoreCommand } from "./restore.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { sqlCommand } from "./sql.ts";
import { statusCommand } from "./status.ts";
import { streamsCommand } from "./streams.ts";
import { syncCommand } from "./sync.ts";
import { tenantsCommand } from "./tenants.ts";
import { usersCommand } from "./users.ts";
import { vulnerabilitiesCommand } from "./vulnerabilities.ts";

export const COMMANDS: readonly CliCommand[] = [
  demoCommand,
  serveCommand,
  connectCommand,
  connectionsCommand,
  tenantsCommand,
  syncCommand,
  statusCommand,
  streamsCommand,
  parkedCommand,
  gapsCommand,
  casesCommand,
  alertsCommand,
  postureCommand,
  accessCommand,
  vulnerabilitiesCommand,
  notificationsCommand,
  reportsCommand,
  destinationsCommand,
  deliveriesCommand,
  normalizeCommand,
  sqlCommand,
  simulateCommand,
  backupCommand,
  restoreCommand,
  keyringCommand,
  usersCommand,
  apiKeysCommand,
  auditCommand,
];
