/** Texts that tell people how to make a token: where to click in both console layouts, which role and scope, how long. */

export const RECOMMENDED_ROLE =
  "Role: Viewer is enough to read everything Vedette mirrors (a custom role with the View permissions too). SOC only for a token that is meant to respond, which Vedette's reading never needs.";
export const RECOMMENDED_SCOPE = "Scope: the account, or one site for each client when clients must not see each other; Global only where you want the whole console mirrored.";
export const RECOMMENDED_EXPIRY = "Expiry: 1 year for a service user. Vedette warns 30, 14, 7 and 1 days before.";

export interface GuidePath {
  readonly title: string;
  readonly steps: readonly string[];
}

export const GUIDE: readonly GuidePath[] = [
  {
    title: "Service user, classic console",
    steps: [
      "Open Settings > Users > Service Users.",
      "Actions > Create New Service User: give a name such as vedette-reader and an expiration date of 1 year.",
      "Choose the scope (Account or Site), tick yours, and the role Viewer.",
      "Create User, confirm with your password or 2FA code, and copy the API token: it is shown once.",
    ],
  },
  {
    title: "Service user, Singularity Operations Center",
    steps: [
      "Open Configure > Policies and settings > User management > Service users.",
      "Create New Service User: give a name such as vedette-reader and an expiration date of 1 year.",
      "Choose the scope (Account or Site), tick yours, and the role Viewer.",
      "Create User, confirm with your password or 2FA code, and copy the API token: it is shown once.",
    ],
  },
  {
    title: "Personal token (when you may not create service users)",
    steps: [
      "Open your name at the top right > My User.",
      "Actions > API Token Operations > Generate API token; a former token of yours stops working.",
      "Copy the token: it is shown once. It lasts about 6 months and ends with your account.",
    ],
  },
];

/** All of `connect --guide`: the ways to a token, what to choose on them, and what comes after. */
export const SETUP_GUIDE: readonly GuidePath[] = [
  ...GUIDE,
  { title: "What to choose", steps: [RECOMMENDED_ROLE, RECOMMENDED_SCOPE, RECOMMENDED_EXPIRY] },
  {
    title: "Several customers behind one console (MSP)",
    steps: [
      "Either one token for each: a service user whose scope is that customer's site, connected with --tenant CUSTOMER. What a token cannot see cannot be mixed up.",
      "Or one token of the account: connect it once, then say which site is whose: vedette tenants map CUSTOMER SITE-ID --connection NAME. Sites are known by id, so that a new name changes nothing.",
      "vedette tenants unassigned lists sites that are nobody's yet; what was read of them goes to the customer when you map them.",
    ],
  },
  {
    title: "Then",
    steps: [
      "Put the token into an environment variable, never on the command line: vedette connect https://CONSOLE.sentinelone.net --token-env S1_TOKEN",
      "vedette connections show NAME --ics token-end.ics writes the day the token ends, with reminders, for your calendar.",
      "To be told by mail: vedette destinations add soc --email …, then vedette notifications add soc --to soc. Tokens that end or are refused, narrowed scopes and silence are among what it tells.",
    ],
  },
];
