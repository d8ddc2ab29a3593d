import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { readPeople } from "./list-csv.ts";

function refusal(csv: string): string {
  try {
    readPeople(csv);
  } catch (error) {
    if (error instanceof Fault && error.code === "CONFIG_INVALID") return error.message;
    throw error;
  }
  throw new Error("it was read");
}

describe("a list of people", () => {
  it.each<readonly [string, string, readonly (readonly [string, boolean])[], readonly string[]]>([
    ["a heading in any case and spelling", "Employee,E-Mail Address\r\nAnn,Ann@Example.com\r\n", [["ann@example.com", true]], ["E-Mail Address"]],
    ["no heading", "ann,ann@example.com\nbo,bo@example.com\n", [["ann@example.com", true], ["bo@example.com", true]], ["column 2"]],
    ["several columns of addresses, one of them empty", "login;secondEmail\nann@example.com;\nbo@example.com;bo@home.example\n", [["ann@example.com", true], ["bo@example.com", true], ["bo@home.example", true]], ["login", "secondEmail"]],
    ["a directory's aliases", 'userPrincipalName,proxyAddresses\nann@example.com,"SMTP:ann@example.com;smtp:a.lee@example.com;x500:/o=Ex"\n', [["ann@example.com", true], ["a.lee@example.com", true]], ["userPrincipalName", "proxyAddresses"]],
    ["plus-addressing", "email\nann+vpn@example.com\n", [["ann@example.com", true]], ["email"]],
    ["a status in words", "email,Employment Status\na@x.test,Active\nb@x.test,Terminated\nc@x.test,On leave\nd@x.test,\n", [["a@x.test", true], ["b@x.test", false], ["c@x.test", true], ["d@x.test", true]], ["email"]],
    ["a switch", "mail,Account Enabled\na@x.test,TRUE\nb@x.test,false\n", [["a@x.test", true], ["b@x.test", false]], ["mail"]],
    ["a switch the other way round", "mail,suspended\na@x.test,True\nb@x.test,False\n", [["a@x.test", false], ["b@x.test", true]], ["mail"]],
    ["somebody who left and came back", "email,status\na@x.test,left\na@x.test,active\n", [["a@x.test", true]], ["email"]],
  ])("is read with %s", (_what, csv, people, columns) => {
    const read = readPeople(csv);

    expect([...read.people]).toEqual(people);
    expect(read.columns.addresses).toEqual(columns);
  });

  it("is refused with the numbers of its unreadable lines, and read without them where that is asked for", () => {
    const csv = 'email,name\na@x.test,"A\nB"\nnobody,C\n\n,D\n';

    expect(refusal(csv)).toContain("2 of 3 lines cannot be read: line 4 has no address where one belongs; line 6 has no address.");
    expect(readPeople(csv, { skipUnreadable: true })).toMatchObject({ lines: 3, unreadable: 2, remarks: [{ line: 4 }, { line: 6 }] });
  });

  it.each([
    ["nothing", "", "is empty"],
    ["blank lines", "\n , \n", "is empty"],
    ["a heading that names no address", "Name,Phone\nAnn,1\n", "line 1 has neither an address nor a heading"],
    ["a heading and nobody", "email\n", "everybody would be a stranger"],
    ["a quote that never ends", 'email\na@x.test\n"b@x.test\nc@x.test\n', "a quote that opens on line 3 is never closed"],
    ["too many columns", `email${",x".repeat(600)}\n`, "line 1 has more than 500 columns"],
  ])("is refused with %s", (_what, csv, message) => {
    expect(refusal(csv)).toContain(message);
  });

  it("names statuses it does not know, once each, and counts them as here", () => {
    const read = readPeople("email,status\na@x.test,Zombie\nb@x.test,Zombie\n");

    expect(read.remarks).toEqual([{ line: 2, remark: 'the status "Zombie" is not known and counts as here' }]);
    expect([...read.people.values()]).toEqual([true, true]);
  });

  it("of 100,000 people is read in a moment, and names no more than twenty faulty lines", () => {
    const lines = Array.from({ length: 100_000 }, (_, n) => (n % 2 === 0 ? `p${String(n)}@x.test` : "-"));
    const started = performance.now();
    const message = refusal(`email\n${lines.join("\n")}\n`);

    expect(performance.now() - started).toBeLessThan(5_000);
    expect(message).toContain("50000 of 100000 lines");
    expect(message.length).toBeLessThan(2_000);
  });
});
