import type { Collection } from "../collection.ts";
import type { Answer } from "../errors.ts";
import type { Caller } from "../tokens.ts";
export class AlertGraph {
  readonly schemaText = "";
  readonly collection: Collection;
  constructor(collection: Collection) { this.collection = collection; }
  answer(_caller: Caller, _body: unknown): Promise<Answer> { return Promise.resolve({ status: 200, body: { data: null } }); }
}
