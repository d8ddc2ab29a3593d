import { describe, expect, it } from "vitest";
import { distinct } from "./commands/sql.ts";
import { vedette } from "./test-support.ts";

const answer = (...lines: readonly unknown[]): Record<string, unknown> => ({ "POST /api/v1/sql": [lines.map((line) => `${JSON.stringify(line)}\n`).join("")] });
const ROWS = answer({ columns: ["id", "n"] }, ["a", 1], ["\u001b[31mbb", 20], [null, null]);

describe("sql", () => {
  it("prints an aligned table, numbers to the right, hostile text as text", async () => {
    const { stdout, stderr, code } = await vedette(["sql", "select 1"], ROWS);

    expect(stdout).toBe("id             n\n------------  --\na              1\n\\u{1b}[31mbb  20\n\n");
    expect(stderr).toBe("(3 rows)\n");
    expect(code).toBe(0);
  });

  it("--json prints an array of objects that keeps nulls, long integers and control characters", async () => {
    const { stdout } = await vedette(["sql", "select 1", "--json"], { "POST /api/v1/sql": ['{"columns":["id","id"]}\n["\\u001b",9223372036854775807]\n[null,1]\n'] });

    expect(stdout).toBe('[\n{"id":"\\u001b","id_2":9223372036854775807},\n{"id":null,"id_2":1}\n]\n');
  });

  it("--csv prints RFC 4180 with formulas defused", async () => {
    const { stdout } = await vedette(["sql", "select 1", "--csv"], answer({ columns: ["a", "b"] }, ["=1", -1], ["x,y", null]));

    expect(stdout).toBe('a,b\r\n\'=1,-1\r\n"x,y",\r\n');
  });

  it("no rows: the header alone, or an empty array", async () => {
    expect((await vedette(["sql", "x"], answer({ columns: ["id"] }))).stdout).toBe("id\n--\n");
    expect((await vedette(["sql", "x", "--json"], answer({ columns: ["id"] }))).stdout).toBe("[]\n");
  });

  it("an answer that breaks off is a fault, and its JSON stays unfinished so that nobody takes a part for the whole", async () => {
    const { code, stdout, stderr } = await vedette(["sql", "x", "--json"], answer({ columns: ["id"] }, [1], { fault: { code: "CONFIG_INVALID", kind: "config", message: "The query took too long.", cure: "Narrow it.", details: {} } }));

    expect(code).toBe(64);
    expect(() => JSON.parse(stdout) as unknown).toThrow();
    expect(stderr).toContain("The query took too long.");
  });

  it("the query may come from a pipe; an empty one is refused before anything is sent", async () => {
    expect((await vedette(["sql"], ROWS, { stdin: "select 2\n" })).api.calls[0]?.body).toEqual({ sql: "select 2\n" });
    expect((await vedette(["sql"], ROWS)).api.calls).toEqual([]);
  });

  it("--timeout takes durations", async () => {
    expect((await vedette(["sql", "x", "--timeout", "5m"], ROWS)).api.calls[0]?.body).toEqual({ sql: "x", timeoutMs: 300_000 });
    expect((await vedette(["sql", "x", "--timeout", "soon"], ROWS)).code).toBe(64);
  });

  it("a table of any length is printed whole, though only its first rows decide the widths", async () => {
    const { stdout, stderr } = await vedette(["sql", "x"], answer({ columns: ["n"] }, ...Array.from({ length: 5000 }, (_, n) => [n])));

    expect(stdout.trimEnd().split("\n")).toHaveLength(5002);
    expect(stderr).toBe("(5,000 rows)\n");
  });

  it("a long cell is cut on a terminal only", async () => {
    const long = answer({ columns: ["t"] }, ["x".repeat(500)]);

    expect((await vedette(["sql", "x"], long, { columns: 80 })).stdout).toContain("…");
    expect((await vedette(["sql", "x"], long)).stdout).toContain("x".repeat(500));
  });

  it("columns of one name are told apart", () => {
    expect(distinct(["id", "id", "id_2", "id"])).toEqual(["id", "id_2", "id_2_2", "id_3"]);
  });
});
