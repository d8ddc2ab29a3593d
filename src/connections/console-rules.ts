/** The console's rules as `sentinelone/` has them, in the form that connections ask for. */
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import { GUIDE } from "../sentinelone/console-guide.ts";
import { parseConsoleUrl } from "../sentinelone/console-url.ts";
import { parseToken, tokenForm } from "../sentinelone/token.ts";
import { verifyConsole } from "../sentinelone/verify.ts";
import type { ConsoleRules } from "./ports.ts";

/** `connections` may not import `net`, where this type lives. */
type AllowedHosts = Parameters<typeof parseConsoleUrl>[1];

export interface ConsoleRulesOptions {
  /** The operator's own hosts (VEDETTE_ALLOW_CONSOLE_HOSTS), parsed. */
  readonly allowedHosts: AllowedHosts;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
}

export function createConsoleRules({ allowedHosts, clock, log, userAgent }: ConsoleRulesOptions): ConsoleRules {
  return {
    guide: GUIDE,
    parseUrl: (text) => parseConsoleUrl(text, allowedHosts).origin,
    parseToken(text) {
      const { secret, form } = parseToken(text.reveal());
      return { token: secret, form };
    },
    verify: (origin, token, signal) => verifyConsole({ origin, token: { secret: token, form: tokenForm(token.reveal()) }, allowedHosts, clock, log, userAgent, signal }),
  };
}
