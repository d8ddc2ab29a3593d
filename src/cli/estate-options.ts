/** The flags that say how large a simulated estate is; ratios stay sane where one is left out. */
import type { Command } from "commander";
import { integer } from "./command.ts";
import type { EstateOptions } from "./ports.ts";

export type EstateFlags = { readonly [Name in keyof EstateOptions]?: number };

const NOUNS = ["agents", "users", "service-users", "sites", "accounts", "alerts", "risks"] as const;

export function estateOptions(command: Command): Command {
  for (const noun of NOUNS) command.option(`--${noun} <number>`, `how many ${noun.replace("-", " ")}`, integer(0, 10_000_000));
  return command.option("--seed <number>", "same seed, same estate", integer(0, Number.MAX_SAFE_INTEGER));
}

export function estateOf(flags: EstateFlags): EstateOptions {
  return { agents: flags.agents, users: flags.users, serviceUsers: flags.serviceUsers, sites: flags.sites, accounts: flags.accounts, alerts: flags.alerts, risks: flags.risks, seed: flags.seed };
}
