import { describe, expect, it } from "vitest";
import { notFound, oneByReference } from "./reference.ts";

const one = { id: "r1", name: "laptops" };
const two = { id: "r2", name: "laptops" };
const named = { id: "r3", name: "r1" };

function ask(found: readonly { readonly id: string }[], reference: string): () => { readonly id: string } {
  return () => oneByReference(found, reference, "rule", "vedette rules list");
}

describe("a thing called by its id or its name", () => {
  it("is the only one found", () => {
    expect(ask([one], "laptops")()).toBe(one);
  });

  it("is the one with that id, whoever else has it for a name", () => {
    expect(ask([named, one], "r1")()).toBe(one);
  });

  it("is asked for by id where several have the name, and the ids are told", () => {
    expect(ask([one, two], "laptops")).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message: "Several rules have that name.", cure: "Give the id instead: r1, r2." }));
  });

  it("is refused in the same words whatever was asked for, with the command that lists them", () => {
    expect(ask([], "a'b")).toThrow(expect.objectContaining({ code: "NOT_FOUND", message: "There is no rule of that name or id.", cure: "`vedette rules list` shows what there is." }));
    expect(notFound("rule", "vedette rules list")).toMatchObject({ code: "NOT_FOUND", message: "There is no rule of that name or id." });
  });
});
