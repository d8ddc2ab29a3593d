/** The console's rules as `sentinelone/` has them, in the form that connections ask for. */
import { SETUP_GUIDE } from "../sentinelone/console-guide.ts";
import { parseConsoleUrl } from "../sentinelone/console-url.ts";
import { parseToken, tokenForm } from "../sentinelone/token.ts";
import { verifyConsole, type VerifyOptions } from "../sentinelone/verify.ts";
import type { ConsoleRules } from "./ports.ts";

export interface ConsoleRulesOptions extends Pick<VerifyOptions, "allowedHosts" | "clock" | "userAgent" | "log" | "env"> {
  /** The requests a console still grants, shared with what reads it. */
  readonly budgetOf: (origin: string) => NonNullable<VerifyOptions["budget"]>;
}

export function createConsoleRules({ budgetOf, ...options }: ConsoleRulesOptions): ConsoleRules {
  return {
    guide: SETUP_GUIDE,
    parseUrl: (text) => parseConsoleUrl(text, options.allowedHosts).origin,
    parseToken(text) {
      const { secret, form } = parseToken(text.reveal());
      return { token: secret, form };
    },
    verify: (origin, token, signal) => verifyConsole({ ...options, origin, token: { secret: token, form: tokenForm(token.reveal()) }, budget: budgetOf(origin), signal }),
  };
}
