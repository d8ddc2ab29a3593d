import fc from "fast-check";
import { expect, it } from "vitest";
import { eventTime } from "./event-time.ts";

const AT = "2026-03-02T10:00:00.000Z";

it("finds the record's own time whatever stands around it, and no other's", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (before, after, blanks) => {
      for (const key of ["updatedAt", "threatInfo"]) {
        delete before[key];
        delete after[key];
      }
      const nested = { ...before, deep: [{ updatedAt: "1999-01-01T00:00:00Z", threatInfo: { updatedAt: "x" } }, 'a"updatedAt":"', "\\"] };
      const flat = JSON.stringify({ ...nested, updatedAt: AT, ...after }, null, blanks ? 2 : 0);
      const deep = JSON.stringify({ ...nested, threatInfo: { ...before, updatedAt: AT, ...after }, ...after }, null, blanks ? 2 : 0);
      expect([eventTime("agents", flat), eventTime("threats", deep)]).toEqual([Date.parse(AT), Date.parse(AT)]);
    }),
    { numRuns: 200 },
  );
});

it("ends with nothing for any text, be it JSON or not", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.stringMatching(/^[{}[\]",:\\ a]{0,40}$/)), (text) => void eventTime("threats", text)), { numRuns: 500 });
  for (const text of ["", "{", '{"updatedAt"', '{"updatedAt":', '{"updatedAt":"', '{"updatedAt":{"a":1}}', '{"updatedAt":null}', '{"a":{"updatedAt":"2026-03-02T10:00:00Z"}}', '{"updatedAt":"2026-13-99"}', '{"updatedAt":5}']) expect(eventTime("agents", text), text).toBeNull();
});
