import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ACTIVITY_TYPES, MEANINGS } from "./activity-types.ts";

const SPEC = fileURLToPath(new URL("../../../shared/spec/sentinelone-swagger-2.1.json.gz", import.meta.url));
const THERE = existsSync(SPEC);
if (!THERE) process.stderr.write(`SKIPPED: no specification at ${SPEC}\n`);

interface Parameter {
  readonly name: string;
  readonly items?: { readonly enum?: readonly string[] };
}

describe("activity types", () => {
  it.skipIf(!THERE)("have a name for every number the API accepts, and for no other", () => {
    const spec = JSON.parse(gunzipSync(readFileSync(SPEC)).toString("utf8")) as { readonly paths: Readonly<Record<string, { readonly get: { readonly parameters: readonly Parameter[] } }>> };
    const accepted = spec.paths["/web/api/v2.1/activities"]?.get.parameters.find(({ name }) => name === "activityTypes")?.items?.enum ?? [];

    expect(accepted.length).toBeGreaterThan(700);
    expect([...ACTIVITY_TYPES.keys()].toSorted((left, right) => left - right)).toEqual(accepted.map(Number).toSorted((left, right) => left - right));
  });

  it("are named as one word, and mean something", () => {
    for (const { name, meaning } of ACTIVITY_TYPES.values()) {
      expect(name).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      expect(MEANINGS).toContain(meaning);
    }
  });

  it("tell a name of their own from that of a family", () => {
    expect(ACTIVITY_TYPES.get(27)).toEqual({ name: "user-logged-in", meaning: "login", family: false });
    expect(ACTIVITY_TYPES.get(13_020)).toEqual({ name: "console-activity", meaning: "none", family: true });
  });
});
