/** What an export is made of: the nouns of the graph as they come. Nothing here knows where they are kept. */
import type { AccessCoverage, AccessExportFormat } from "../../kernel/access-api.ts";
import type { AccessRole, Binding, Principal, Scope } from "../model.ts";

export interface GraphSource {
  principals(): AsyncIterable<Principal>;
  scopes(): AsyncIterable<Scope>;
  roles(): AsyncIterable<AccessRole>;
  bindings(): AsyncIterable<Binding>;
}

export interface ExportOptions {
  readonly format: AccessExportFormat;
  /** Of each connection in it. */
  readonly coverage: readonly AccessCoverage[];
  /** People hold roles there whom the asker may not see. */
  readonly peopleHidden?: boolean;
  /** Of a picture: this scope and what is below it. */
  readonly below?: { readonly connection: string; readonly kind: string; readonly id: string };
}
