/** What an export is made of: the nouns of the graph as they come. Nothing here knows where they are kept. */
import type { AccessCoverage } from "../../kernel/access-api.ts";
import type { AccessRole, Binding, Principal, Scope } from "../model.ts";

export interface GraphSource {
  principals(): AsyncIterable<Principal>;
  scopes(): AsyncIterable<Scope>;
  roles(): AsyncIterable<AccessRole>;
  bindings(): AsyncIterable<Binding>;
}

export const EXPORT_FORMATS = ["csv", "json", "dot", "c1z"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportOptions {
  readonly format: ExportFormat;
  /** Of each connection in it. */
  readonly coverage: readonly AccessCoverage[];
  /** Of a picture: this scope and what is below it. */
  readonly below?: { readonly connection: string; readonly kind: string; readonly id: string };
}
