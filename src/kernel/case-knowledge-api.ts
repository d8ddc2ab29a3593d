/** Shapes of knowledge about indicators in our HTTP API, shared by the routes that answer and the commands that ask. Times are RFC 3339, UTC. */
import Type, { type Static, type TSchema } from "typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Name = Type.String({ minLength: 1, maxLength: 400 });

export const KNOWLEDGE_TYPES = ["hash", "path", "signer", "domain", "address", "user", "device", "command-line"] as const;
export type KnowledgeType = (typeof KNOWLEDGE_TYPES)[number];
/** `context`: worth knowing, and nothing for or against. */
export const KNOWLEDGE_MEANINGS = ["malicious", "suspicious", "benign", "context"] as const;
export type KnowledgeMeaning = (typeof KNOWLEDGE_MEANINGS)[number];

export const LONGEST_KNOWLEDGE = 500;
export const LONGEST_INDICATOR = 500;

const Indicator = Type.String({ minLength: 1, maxLength: LONGEST_INDICATOR });
const Says = Type.String({ minLength: 1, maxLength: LONGEST_KNOWLEDGE });
const Expiry = Nullable(Type.String({ maxLength: 40, description: "A time like 2027-01-31T00:00:00Z; null: for good." }));

export const KnowledgeView = Type.Object({
  id: Text,
  /** Null: all tenants'. */
  tenant: Nullable(Text),
  type: Type.Enum(KNOWLEDGE_TYPES),
  indicator: Text,
  meaning: Type.Enum(KNOWLEDGE_MEANINGS),
  text: Text,
  expiresAt: Nullable(Text),
  expired: Type.Boolean(),
  author: Text,
  createdAt: Text,
  updatedAt: Text,
  updatedBy: Text,
  /** Cases it has spoken of, and when last it spoke of a new one. Null for what holds for all tenants, unless the caller sees all of them. */
  hits: Nullable(Count),
  lastHitAt: Nullable(Text),
  version: Type.Integer({ minimum: 1 }),
});
export type KnowledgeView = Static<typeof KnowledgeView>;

export const KnowledgeDraft = Type.Object(
  {
    /** Whose; left out: all tenants'. */
    tenant: Type.Optional(Name),
    type: Type.Enum(KNOWLEDGE_TYPES),
    indicator: Indicator,
    meaning: Type.Optional(Type.Enum(KNOWLEDGE_MEANINGS)),
    text: Says,
    expiresAt: Type.Optional(Expiry),
  },
  { additionalProperties: false },
);
export type KnowledgeDraft = Static<typeof KnowledgeDraft>;

export const KnowledgeChange = Type.Object(
  {
    meaning: Type.Optional(Type.Enum(KNOWLEDGE_MEANINGS)),
    text: Type.Optional(Says),
    expiresAt: Type.Optional(Expiry),
    /** The version it was made for; refused where the entry is another one by now. */
    version: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false },
);
export type KnowledgeChange = Static<typeof KnowledgeChange>;

const Filters = {
  tenant: Type.Optional(Name),
  type: Type.Optional(Type.Enum(KNOWLEDGE_TYPES)),
  meaning: Type.Optional(Type.Enum(KNOWLEDGE_MEANINGS)),
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: "Part of the indicator or the text." })),
} as const;
export const KnowledgeQuery = Type.Object({ ...Filters, after: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: "`next` of the page before." })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) });
export const KnowledgeExportQuery = Type.Object({ ...Filters, format: Type.Optional(Type.Enum(["ndjson", "csv"])) });
export const KnowledgeList = Type.Object({ items: Type.Array(KnowledgeView), next: Nullable(Text) });

export const KnowledgeImport = Type.Object(
  {
    /** Whose they become; left out: all tenants'. What a line says of its tenant is not looked at. */
    tenant: Type.Optional(Name),
    format: Type.Enum(["ndjson", "csv"]),
    text: Type.String({ minLength: 1 }),
  },
  { additionalProperties: false },
);
export const KnowledgeImported = Type.Object({ tenant: Nullable(Text), added: Count, changed: Count, unchanged: Count });
export type KnowledgeImported = Static<typeof KnowledgeImported>;
