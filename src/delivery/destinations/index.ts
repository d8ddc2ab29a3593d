/** Every kind of destination. One not in this list does not exist; the contract suite runs for each. */
import type { DestinationKind } from "../destination.ts";
import { fileKind, type FilePorts } from "./file.ts";
import type { OutboundPorts } from "./http.ts";
import { webhookKind } from "./webhook.ts";

export function destinationKinds(ports: OutboundPorts & FilePorts): readonly DestinationKind[] {
  return [webhookKind(ports), fileKind(ports)];
}
