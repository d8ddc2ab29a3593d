/** An alert's record as a document of a standard: by the maps that destinations are served with. */
import type { AlertRouteDeps } from "../alerts/index.ts";
import { mapped } from "../delivery/mapping.ts";
import { Fault } from "../kernel/fault.ts";
import { documentLine } from "../normalize/index.ts";

export const alertDocument: AlertRouteDeps["document"] = ({ stream, raw, console }, as) => {
  const document = mapped({ stream, severity: "unknown", console, raw }, as);
  const line = "reason" in document ? null : documentLine(document.value);
  if (line !== null) return line;
  throw new Fault("DELIVERY_NOT_MAPPED", "reason" in document ? document.reason : "The record is nested too deeply to be written.", { cure: "Look at the record as it came." });
};
