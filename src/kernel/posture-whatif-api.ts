/** Shapes of "what would these rules do" in our HTTP API, shared by the route that answers and the command that asks. */
import Type, { type Static } from "typebox";

const Count = Type.Integer({ minimum: 0 });
const Group = Type.Object({
  /** Null: the console does not say. */
  name: Type.Union([Type.String(), Type.Null()]),
  failing: Count,
});
const Groups = Type.Object({
  /** The largest, at most fifty. */
  items: Type.Array(Group),
  /** Devices that would fail in groups that are not shown. */
  others: Count,
});

export const WhatIfQuestion = Type.Object({
  rules: Type.Unknown({ description: "A list of rules: Cloudflare's objects, our own form, or both. Nothing of it is kept." }),
  tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Id or name: only its devices." })),
});

export const WhatIfAnswer = Type.Object({
  devices: Count,
  /** By what all these rules together would say of a device. */
  outcomes: Type.Object({ pass: Count, warn: Count, fail: Count, unknown: Count }),
  /** Of those that would fail: how many no rule of today refuses. */
  newlyFailing: Count,
  /** Of those that would fail otherwise: let off by an exception that holds today. */
  excepted: Count,
  rules: Type.Array(Type.Object({ name: Type.String(), shadow: Type.Boolean(), pass: Count, fail: Count, unknown: Count, notApplicable: Count, remarks: Type.Array(Type.String()) })),
  bySite: Groups,
  byOs: Groups,
  byUser: Groups,
});
export type WhatIfAnswer = Static<typeof WhatIfAnswer>;
