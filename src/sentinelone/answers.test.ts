import { describe, expect, it } from "vitest";
import { peekNextCursor } from "./answers.ts";

describe("the next cursor, as the end of an answer tells it", () => {
  it.each([
    ["behind the records", '{"data":[{"id":"1"}],"pagination":{"totalItems":9,"nextCursor":"YWJj"}}', "YWJj"],
    ["with blanks, and with fields behind it", '{"data":[],\n "pagination": {"nextCursor": "YWJj", "totalItems": 9}, "errors": []}\n', "YWJj"],
    ["on a last page", '{"data":[],"pagination":{"totalItems":9,"nextCursor":null}}', undefined],
    ["before the records", '{"pagination":{"nextCursor":"YWJj"},"data":[{"id":"1"}]}', undefined],
    ["of a record", '{"data":[{"pagination":{"nextCursor":"YWJj"}}]}', undefined],
    ["cut off", '{"data":[],"pagination":{"totalItems":9,"nextCursor":"YW', undefined],
  ])("%s", (_where, body, expected) => {
    expect(peekNextCursor(Buffer.from(body))).toBe(expected);
  });
});
