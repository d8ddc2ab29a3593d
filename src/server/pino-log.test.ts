import { describe, expect, it } from "vitest";
import { createPinoLog, scrub } from "./pino-log.ts";

function collected(level: "debug" | "info" = "info") {
  const lines: Record<string, unknown>[] = [];
  const log = createPinoLog({ level, stream: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) } });
  return { log, lines };
}

describe("a log line", () => {
  it("is JSON with level, time, a fixed event name and flat fields", () => {
    const { log, lines } = collected();
    log.warn("token.expiring", { connection: "con_1", daysLeft: 7, stream: null, skipped: undefined });

    expect(lines).toEqual([{ level: "warn", time: expect.stringMatching(/^\d{4}-.*Z$/), connection: "con_1", daysLeft: 7, stream: null, event: "token.expiring" }]);
  });

  it("leaves out what is below its level", () => {
    const { log, lines } = collected();
    log.debug("a.b");
    expect(lines).toEqual([]);
  });

  it("does not write text as an event name", () => {
    const { log, lines } = collected();
    log.info("user 'x' did\nsomething");
    expect(lines[0]?.["event"]).toBe("log.unnamed-event");
  });

  it("cannot be made to look like another line, or to replace its own event", () => {
    const { log, lines } = collected();
    log.info("a.b", { text: 'x"}\n{"event":"forged"}', event: "forged", level: "error", time: "never" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ event: "a.b", level: "info", event_: "forged" });
  });

  it.each(["token", "apiToken", "authorization", "password", "client_secret", "credential", "cookie", "apiKey"])("masks the field %s", (name) => {
    const { log, lines } = collected();
    log.error("a.b", { [name]: "canary" });
    expect(lines[0]?.[name]).toBe("[secret]");
  });
});

describe("text that looks like a token", () => {
  it.each([
    `vdt_${"a".repeat(43)}`,
    `vdl_${"Z".repeat(43)}`,
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
    "Ab1".repeat(26) + "xy",
    "ApiToken abcdefghijk",
    "Bearer abcdefghijk",
  ])("is masked wherever it stands: %s", (token) => {
    expect(scrub(`before ${token} after`)).toBe("before [secret] after");
  });

  it("leaves ids, hashes and addresses alone, and cuts what is endless", () => {
    for (const text of ["con_01jd8xk2m4n5p6q7r8s9t0v1w2", "https://usea1-011.sentinelone.net", "f".repeat(64), "1234567890123456789"]) expect(scrub(text)).toBe(text);
    expect(scrub("word ".repeat(1000)).length).toBe(2001);
  });
});
