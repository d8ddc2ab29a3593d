/** Kinds of destinations and what each has to be told: what the form asks for. The hub checks all of it again, and says what is wrong. */

export interface Field {
  readonly key: string;
  readonly label: string;
  /** `list`: several, by commas. `pem`: certificates. */
  readonly as: "text" | "secret" | "flag" | "number" | "list" | "pem";
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly help?: string;
}

export interface Kind {
  readonly id: string;
  readonly name: string;
  readonly about: string;
  readonly fields: readonly Field[];
}

const CA: Field = { key: "ca", label: "Certificates of its authority", as: "pem", help: "PEM; only where it is not one that everybody trusts." };

const GZIP: Field = { key: "gzip", label: "Compress what is sent", as: "flag" };
const USER: Field = { key: "username", label: "User", as: "text" };
const PASSWORD: Field = { key: "password", label: "Password", as: "secret" };

/** Where it is reached. */
function address(placeholder: string, key = "url"): Field {
  return { key, label: "Address", as: "text", required: true, placeholder };
}

/** A channel of a chat: the address is the secret. */
function channel(id: string, name: string, about: string, label: string): Kind {
  return { id, name, about, fields: [{ key: "url", label, as: "secret", required: true }] };
}

export const KINDS: readonly Kind[] = [
  {
    id: "webhook",
    name: "Webhook",
    about: "Signed POSTs to an address of yours. Its signing secret is shown once.",
    fields: [
      address("https://hooks.example.com/vedette"),
      { key: "secret", label: "Signing secret of your own", as: "secret", placeholder: "whsec_…", help: "One is made when this is left empty." },
      GZIP,
    ],
  },
  {
    id: "file",
    name: "File",
    about: "Lines of JSON in a file below the data folder of the hub.",
    fields: [
      { key: "file", label: "File name", as: "text", required: true, placeholder: "alerts.ndjson" },
      { key: "megabytes", label: "Megabytes before a new one is begun", as: "number", placeholder: "64" },
      { key: "keep", label: "Full files that are kept", as: "number", placeholder: "10" },
    ],
  },
  {
    id: "syslog",
    name: "Syslog",
    about: "RFC 5424 over TLS.",
    fields: [
      address("tls://logs.example.com:6514", "address"),
      CA,
      { key: "cert", label: "Certificate of our own", as: "pem", help: "PEM; where the receiver wants to know who we are." },
      { key: "key", label: "Its key", as: "secret" },
    ],
  },
  {
    id: "elasticsearch",
    name: "Elasticsearch, OpenSearch",
    about: "Documents in a data stream or an index.",
    fields: [
      address("https://es.example.com:9200"),
      { key: "index", label: "Data stream or index", as: "text", placeholder: "logs-vedette-default" },
      { key: "apiKey", label: "API key", as: "secret", help: "Or a user and a password." },
      USER,
      PASSWORD,
      { key: "template", label: "Make an index template first, which keeps a record as one flattened field", as: "flag" },
      CA,
    ],
  },
  {
    id: "splunk",
    name: "Splunk",
    about: "The HTTP Event Collector.",
    fields: [
      address("https://splunk.example.com:8088"),
      { key: "token", label: "Token", as: "secret", required: true },
      { key: "index", label: "Index", as: "text" },
      { key: "sourcetype", label: "Source type", as: "text", placeholder: "vedette:json" },
      { key: "acknowledge", label: "Wait until Splunk has indexed what it took", as: "flag" },
      CA,
    ],
  },
  {
    id: "sekoia",
    name: "Sekoia",
    about: "An intake of Sekoia's.",
    fields: [
      { key: "intakeKey", label: "Intake key", as: "secret", required: true },
      { key: "url", label: "Address", as: "text", placeholder: "https://intake.sekoia.io" },
      GZIP,
    ],
  },
  {
    id: "email",
    name: "E-mail",
    about: "Mails through a server of yours; notifications, where nothing else is asked for.",
    fields: [
      { key: "server", label: "Mail server", as: "text", required: true, placeholder: "smtp://mail.example.com:587" },
      { key: "from", label: "From", as: "text", required: true, placeholder: "vedette@example.com" },
      { key: "to", label: "To", as: "list", required: true, placeholder: "soc@example.com", help: "Several by commas." },
      { key: "cc", label: "Copies to", as: "list" },
      USER,
      PASSWORD,
      CA,
    ],
  },
  channel("slack", "Slack", "A channel, by an app's incoming webhook.", "Address of the webhook"),
  channel("teams", "Microsoft Teams", "A channel, by a workflow that begins with a Teams webhook request.", "Address of the workflow"),
  { id: "stdout", name: "Standard output", about: "Lines of JSON on the standard output of the hub.", fields: [] },
];

export const FACTS = ["alerts.*", "threats.*", "cloud-detection-alerts.*", "activities.*", "cases.*", "posture.*", "vulnerabilities.*", "access.*", "notifications.*"] as const;

export const FORMATS = [
  { value: "", label: "As its kind has it" },
  { value: "raw", label: "Our envelope, the record in it" },
  { value: "record", label: "The record alone" },
  { value: "ecs", label: "ECS" },
  { value: "ocsf", label: "OCSF" },
  { value: "sekoia", label: "ECS as Sekoia writes it" },
] as const;

/** What was filled in, as the hub takes it; what was left empty is left out. */
export function configOf(kind: Kind, given: Readonly<Record<string, string | boolean>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    kind.fields.flatMap(({ key, as }): readonly (readonly [string, unknown])[] => {
      const value = given[key];
      if (as === "flag") return value === true ? [[key, true]] : [];
      const text = typeof value === "string" ? value.trim() : "";
      if (text === "") return [];
      return [[key, as === "number" ? Number(text) : as === "list" ? listOf(text) : text]];
    }),
  );
}

export function listOf(text: string): string[] {
  return text.split(/[,;\n]+/u).map((word) => word.trim()).filter((word) => word !== "");
}
