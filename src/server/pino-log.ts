/**
 * The Log of the house over pino: JSON lines with a fixed event name and flat fields, to standard error or a file. Fields named like
 * secrets are masked, and so is text that looks like a token wherever it stands. What is no event name is not written as one.
 */
import { createWriteStream } from "node:fs";
import pino, { type DestinationStream, type Logger } from "pino";
import type { Log, LogFields } from "../kernel/log.ts";

export interface PinoLogOptions {
  readonly level?: "debug" | "info" | "warn" | "error";
  /** A file (made 0600, appended to), or a stream; standard error when left out, because standard output is the commands'. */
  readonly file?: string;
  readonly stream?: DestinationStream;
}

const EVENT = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;
const SECRET_FIELD = /token|secret|password|authorization|cookie|credential|api[-_]?key$/i;
/** A number or a flag under such a name (`tokenDays`, `tokenForm`) is no secret; only text is masked. */
const MASK = "[secret]";
// Our keys; JSON web tokens; the vendor's 80-character tokens; an Authorization value.
const LOOKS_SECRET = /\bvd[tl]_[A-Za-z0-9_-]{20,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?|\b[A-Za-z0-9]{80}\b|\b(?:ApiToken|Bearer) [^\s"]{8,}/g;
const TEXT_MAX = 2000;

export function createPinoLog(options: PinoLogOptions = {}): Log {
  const level = options.level ?? "info";
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, messageKey: "event", formatters: { level: (label) => ({ level: label }) } }, destination(options));
  return {
    debug: (event, fields) => write(logger, "debug", event, fields),
    info: (event, fields) => write(logger, "info", event, fields),
    warn: (event, fields) => write(logger, "warn", event, fields),
    error: (event, fields) => write(logger, "error", event, fields),
  };
}

function destination({ file, stream }: PinoLogOptions): DestinationStream {
  if (stream !== undefined) return stream;
  return file === undefined ? process.stderr : createWriteStream(file, { flags: "a", mode: 0o600 });
}

function write(logger: Logger, level: "debug" | "info" | "warn" | "error", event: string, fields: LogFields = {}): void {
  if (!logger.isLevelEnabled(level)) return;
  const name = EVENT.test(event) ? event : "log.unnamed-event";
  logger[level](Object.fromEntries(Object.entries(fields).map(([key, value]) => [key === "event" || key === "level" || key === "time" ? `${key}_` : key, safe(key, value)])), name);
}

function safe(key: string, value: LogFields[string]): LogFields[string] {
  if (typeof value !== "string") return value;
  if (SECRET_FIELD.test(key)) return MASK;
  return scrub(value);
}

/** Text with everything that looks like a token masked, and cut where it is too long to be a field. */
export function scrub(text: string): string {
  const clean = text.replaceAll(LOOKS_SECRET, MASK);
  return clean.length > TEXT_MAX ? `${clean.slice(0, TEXT_MAX)}…` : clean;
}
