/**
 * Everything the environment may say, read once and checked whole: a wrong value is a fault that names the variable and what it
 * takes, never a silent default.
 */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import envPaths from "env-paths";
import { CASE_LOOK_BACK_DAYS } from "../kernel/case-api.ts";
import { Fault } from "../kernel/fault.ts";
import { parseAllowedHosts, type AllowedHost } from "../net/policy.ts";
import { Secret } from "../kernel/secret.ts";
import { isStreamId, STREAM_IDS, type StreamId } from "../kernel/stream-ids.ts";

export interface Settings {
  readonly dataFolder: string;
  readonly keyFile: string;
  /** PostgreSQL instead of the embedded store; carries a password. */
  readonly databaseUrl: Secret | null;
  /** How others reach the hub. */
  readonly publicUrl: URL | null;
  /** Hosts the operator vouches for. */
  readonly allowedHosts: readonly AllowedHost[];
  /** Hosts inside the network that facts may be delivered to. */
  readonly destinationHosts: readonly AllowedHost[];
  /** Bytes the data folder may take, or null: until the disk is nearly full. */
  readonly diskBudget: number | null;
  readonly retentionDays: Readonly<Partial<Record<StreamId, number>>>;
  /** Days: what was detected longer ago when a console is read for the first time opens no case. */
  readonly caseLookBackDays: number;
  /** Part of the vendor's documented request rates that Vedette uses; `off` sends as fast as answers come. */
  readonly requestShare: number | "off";
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
const UNITS: Readonly<Record<string, number>> = { "": 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4 };

export function readSettings(env: Environment): Settings {
  const paths = envPaths("vedette", { suffix: "" });
  return {
    dataFolder: folder(env, "VEDETTE_DATA") ?? paths.data,
    keyFile: folder(env, "VEDETTE_KEY_FILE") ?? join(paths.config, "vedette.key"),
    databaseUrl: databaseUrl(env),
    publicUrl: publicUrl(env),
    allowedHosts: parseAllowedHosts(env["VEDETTE_ALLOW_CONSOLE_HOSTS"]),
    destinationHosts: parseAllowedHosts(env["VEDETTE_ALLOW_DESTINATION_HOSTS"], "VEDETTE_ALLOW_DESTINATION_HOSTS"),
    diskBudget: bytes(env, "VEDETTE_DISK_BUDGET"),
    retentionDays: retention(env),
    caseLookBackDays: caseLookBack(env),
    requestShare: share(env),
    logLevel: logLevel(env),
  };
}

function text(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === "" ? null : value;
}

function wrong(name: string, value: string, expected: string): Fault {
  return new Fault("CONFIG_INVALID", `${name} is "${value.slice(0, 80)}"; it takes ${expected}.`, { details: { setting: name } });
}

function folder(env: Environment, name: string): string | null {
  const value = text(env, name);
  if (value === null) return null;
  if (value.includes("\0")) throw wrong(name, value, "a path");
  const home = value === "~" || value.startsWith("~/") ? join(homedir(), value.slice(1)) : value;
  return isAbsolute(home) ? home : resolve(home);
}

function databaseUrl(env: Environment): Secret | null {
  const value = text(env, "VEDETTE_DATABASE_URL");
  if (value === null) return null;
  const protocol = URL.canParse(value) ? new URL(value).protocol : "";
  if (protocol !== "postgres:" && protocol !== "postgresql:") {
    // The value may hold a password: the message must not repeat it.
    throw new Fault("CONFIG_INVALID", "VEDETTE_DATABASE_URL is not a PostgreSQL address; it takes postgresql://user:password@host/database.", { details: { setting: "VEDETTE_DATABASE_URL" } });
  }
  return new Secret(value);
}

function publicUrl(env: Environment): URL | null {
  const value = text(env, "VEDETTE_PUBLIC_URL");
  if (value === null) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:") || url.username !== "" || url.password !== "") {
    throw wrong("VEDETTE_PUBLIC_URL", value, "an address like https://vedette.example.com");
  }
  return url;
}

/** `20GB`, `500 MiB`, `1000000`. */
export function parseBytes(value: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim());
  const unit = UNITS[match?.[2]?.toLowerCase() ?? "?"];
  if (match === null || unit === undefined) return null;
  return Math.round(Number(match[1]) * unit);
}

function bytes(env: Environment, name: string): number | null {
  const value = text(env, name);
  if (value === null) return null;
  const parsed = parseBytes(value);
  if (parsed === null || parsed <= 0) throw wrong(name, value, "a size like 20GB");
  return parsed;
}

function caseLookBack(env: Environment): number {
  const value = text(env, "VEDETTE_CASES_LOOK_BACK");
  if (value === null) return CASE_LOOK_BACK_DAYS;
  if (!/^\d{1,4}$/.test(value)) throw wrong("VEDETTE_CASES_LOOK_BACK", value, "days, like 30 (0: nothing of a first read opens a case)");
  return Number(value);
}

/** `activities=365,threats=730`: days, by stream. */
function retention(env: Environment): Settings["retentionDays"] {
  const value = text(env, "VEDETTE_RETENTION");
  if (value === null) return {};
  const days: Partial<Record<StreamId, number>> = {};
  for (const entry of value.split(",")) {
    const [stream, count] = entry.split("=").map((part) => part.trim());
    const parsed = Number(count);
    if (stream === undefined || !isStreamId(stream) || !Number.isInteger(parsed) || parsed < 1) {
      throw wrong("VEDETTE_RETENTION", value, `days by stream, like activities=365,threats=730 (streams: ${STREAM_IDS.join(", ")})`);
    }
    days[stream] = parsed;
  }
  return days;
}

function share(env: Environment): number | "off" {
  const value = text(env, "VEDETTE_REQUEST_SHARE");
  if (value === null) return 0.8;
  if (value === "off") return "off";
  const parsed = Number(value);
  if (!(parsed > 0 && parsed <= 1)) throw wrong("VEDETTE_REQUEST_SHARE", value, "a part between 0 and 1 (0.8 when left out), or off");
  return parsed;
}

function logLevel(env: Environment): Settings["logLevel"] {
  const value = text(env, "VEDETTE_LOG_LEVEL");
  if (value === null) return "info";
  const level = LOG_LEVELS.find((entry) => entry === value);
  if (level === undefined) throw wrong("VEDETTE_LOG_LEVEL", value, LOG_LEVELS.join(", "));
  return level;
}
