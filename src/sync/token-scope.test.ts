import { describe, expect, it } from "vitest";
import type { ConsoleClient } from "../sentinelone/client.ts";
import { TokenScope } from "./token-scope.ts";

const client = {} as ConsoleClient;

function console_() {
  const answers: ((reaches: string) => void)[] = [];
  const failures: ((error: Error) => void)[] = [];
  const scope = new TokenScope(() => new Promise((resolve, reject) => void (answers.push(resolve), failures.push(reject))));
  return { scope, answers, failures };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("what the token reaches", () => {
  it("is asked once for all who ask together, and again, after the answer, for those who came meanwhile", async () => {
    const { scope, answers } = console_();
    const early = [scope.now(client), scope.now(client)];
    await turn();
    const late = [scope.now(client), scope.now(client)];
    await turn();
    expect(answers).toHaveLength(1);

    answers[0]?.("site 1");
    expect(await Promise.all(early)).toEqual(["site 1", "site 1"]);
    await turn();
    expect(answers).toHaveLength(2);
    answers[1]?.("site 2");
    expect(await Promise.all(late)).toEqual(["site 2", "site 2"]);
  });

  it("is asked again where it could not be told, which those who asked then are told", async () => {
    const { scope, answers, failures } = console_();
    const first = scope.now(client);
    await turn();
    const second = scope.now(client);
    failures[0]?.(new Error("refused"));
    await expect(first).rejects.toThrow("refused");
    await turn();
    answers[1]?.("account 1");
    expect(await second).toBe("account 1");
  });
});
