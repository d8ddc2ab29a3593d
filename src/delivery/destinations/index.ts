/** Every kind of destination. One not in this list does not exist; the contract suite runs for each. */
import type { DestinationKind } from "../destination.ts";
import { elasticsearchKind } from "./elasticsearch.ts";
import { emailKind } from "./email.ts";
import { fileKind, type FilePorts } from "./file.ts";
import { sekoiaKind } from "./sekoia.ts";
import { slackKind } from "./slack.ts";
import { splunkKind, type SplunkPorts } from "./splunk.ts";
import { stdoutKind, type StdoutPorts } from "./stdout.ts";
import { syslogKind } from "./syslog.ts";
import { teamsKind } from "./teams.ts";
import { webhookKind } from "./webhook.ts";

export function destinationKinds(ports: SplunkPorts & FilePorts & StdoutPorts): readonly DestinationKind[] {
  return [webhookKind(ports), fileKind(ports), stdoutKind(ports), syslogKind(ports), elasticsearchKind(ports), splunkKind(ports), sekoiaKind(ports), emailKind(ports), slackKind(ports), teamsKind(ports)];
}
