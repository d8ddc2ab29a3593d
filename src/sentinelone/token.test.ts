import { describe, expect, it } from "vitest";
import { parseToken } from "./token.ts";

const LEGACY = "aB3".repeat(26) + "xY";
const JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";

describe("tokens", () => {
  it.each([
    [LEGACY, "legacy"],
    [JWT, "jwt"],
    ["something-else_1", "opaque"],
    [`${LEGACY}x`, "opaque"],
  ] as const)("keeps the text and tells the form", (text, form) => {
    const token = parseToken(text);

    expect(token.form).toBe(form);
    expect(token.secret.reveal()).toBe(text);
  });

  it.each([` ${LEGACY}\n`, `ApiToken ${LEGACY}`, `apitoken  ${LEGACY}`, `Bearer ${LEGACY}`, `"${LEGACY}"`, `'ApiToken ${LEGACY}'`, `Authorization: ApiToken ${LEGACY}\r\n`, `ApiToken "${LEGACY}"`, `\t\`${LEGACY}\``])(
    "reads a token pasted with something around it",
    (text) => {
      expect(parseToken(text).secret.reveal()).toBe(LEGACY);
    },
  );

  it.each(["", "  \n", '""', "ApiToken", "Bearer  "])("says that none was given: %j", (text) => {
    expect(() => parseToken(text)).toThrow(expect.objectContaining({ code: "TOKEN_EMPTY" }));
  });

  it.each([`${LEGACY}\r\nX-Evil: 1`, `${LEGACY} ${LEGACY}`, `abc\u0000def`, "tökén", "a\u200bb", "x".repeat(9_000)])("refuses what no token has, without repeating it", (text) => {
    let message = "";
    try {
      parseToken(text);
    } catch (error) {
      message = String(error);
      expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    }

    expect(message).not.toBe("");
    expect(message).not.toContain(text.slice(0, 3));
  });

  it("prints as a mask", () => {
    expect(JSON.stringify(parseToken(LEGACY))).not.toContain(LEGACY);
    expect(String(parseToken(LEGACY).secret)).toBe("[secret]");
  });
});
