/** What was asked of the console: totals by path, and how many requests were in flight at once. */
export interface RequestCounts {
  readonly total: number;
  readonly byPath: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly inFlight: number;
  readonly maxInFlight: number;
}

/** `/web/api/v2.1/rbac/role/2114…` counts as `/web/api/v2.1/rbac/role/{id}`. */
function pathClass(path: string): string {
  return path.replaceAll(/\/\d{6,}(?=\/|$)/gu, "/{id}");
}

export class RequestLog {
  #total = 0;
  #inFlight = 0;
  #maxInFlight = 0;
  readonly #byPath = new Map<string, number>();
  readonly #byStatus = new Map<string, number>();

  begin(path: string): void {
    this.#total += 1;
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    const key = pathClass(path);
    this.#byPath.set(key, (this.#byPath.get(key) ?? 0) + 1);
  }

  /** `status` 0: the connection was broken instead of answered. */
  end(status: number): void {
    this.#inFlight -= 1;
    const key = status === 0 ? "broken" : String(status);
    this.#byStatus.set(key, (this.#byStatus.get(key) ?? 0) + 1);
  }

  counts(): RequestCounts {
    return {
      total: this.#total,
      byPath: Object.fromEntries(this.#byPath),
      byStatus: Object.fromEntries(this.#byStatus),
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
    };
  }

  reset(): void {
    this.#total = 0;
    this.#maxInFlight = this.#inFlight;
    this.#byPath.clear();
    this.#byStatus.clear();
  }
}
