import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "./program.ts";
import { MAX_LINE_BYTES, recordLines, type RecordLine } from "./record-lines.ts";
import { fakeApi, fakePorts, fakeTerminal, vedette, type Outcome } from "./test-support.ts";

const group = (id: string): string => JSON.stringify({ id, name: `Group ${id}`, siteId: "2", isDefault: true, createdAt: "2026-01-01T00:00:00.000Z" });
const ecs = (stdin: string, ...more: readonly string[]): Promise<Outcome> => vedette(["normalize", "--as", "ecs", ...more], {}, { stdin });
const parsed = (outcome: Outcome): readonly Record<string, unknown>[] => outcome.stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);

async function lines(...chunks: readonly (string | Uint8Array)[]): Promise<readonly RecordLine[]> {
  const all: RecordLine[] = [];
  const given = async function* (): AsyncGenerator<string | Uint8Array> {
    yield* chunks;
  };
  for await (const batch of recordLines(given())) all.push(...batch);
  return all;
}

describe("normalize", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "vedette-normalize-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("gives one line for each line, in order; what cannot be read has its error in its place and stops no other", async () => {
    const outcome = await ecs([group("a"), "{not json", "[1]", "7", '{"data":[{},{}]}', '{"x":1}', "", group("b")].join("\n"));
    const documents = parsed(outcome);

    expect(documents.map((document) => (document["group"] as { id?: string } | undefined)?.id ?? Object.keys(document)[0])).toEqual(["a", "error", "error", "error", "error", "error", "error", "b"]);
    expect(documents[1]).toEqual({ error: { line: 2, reason: "not JSON" } });
    expect(documents[4]).toMatchObject({ error: { line: 5, reason: expect.stringContaining("jq -c '.data[]'") as string } });
    expect(documents[6]).toEqual({ error: { line: 7, reason: "the line is empty" } });
    expect(outcome.stderr).toContain("line 2: not JSON\n");
    expect(outcome.stderr).toContain("6 lines could not be normalised");
    expect(outcome.code).toBe(65);
  });

  it("ends with 0 and says nothing when every line is well", async () => {
    expect(await ecs(`${group("a")}\r\n${group("b")}\r\n\r\n`)).toMatchObject({ code: 0, stderr: "" });
  });

  it("of nothing is nothing", async () => {
    expect(await ecs("")).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("reads a file as well, and names one that is not there", async () => {
    const file = join(folder, "groups.ndjson");
    await writeFile(file, `\uFEFF${group("a")}\n${group("b")}\n`);

    expect(parsed(await ecs("", file))).toHaveLength(2);
    expect(await ecs("", join(folder, "no"))).toMatchObject({ code: 64, stdout: "", stderr: expect.stringContaining("cannot be read") as string });
    expect(await ecs("", folder)).toMatchObject({ code: 64 });
  });

  it.each([
    [["normalize"], "--as"],
    [["normalize", "--as", "xml"], "ecs, ocsf"],
    [["normalize", "--as", "ecs", "--stream", "sites"], "alerts"],
    [["normalize", "--as", "ocsf", "--profile", "sekoia"], "no maps to ocsf"],
    [["normalize", "--as", "ecs", "--console", "nowhere"], "--console"],
  ])("%j is refused with what there is", async (argv, words) => {
    const { code, stdout, stderr } = await vedette(argv, {}, { stdin: group("a") });

    expect(stderr).toContain(words);
    expect(stdout).toBe("");
    expect(code).toBe(64);
  });

  it("with --json tells each bad line as JSON on standard error", async () => {
    const { stderr } = await ecs("x\n", "--json");

    expect(stderr.trimEnd().split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([{ line: 1, reason: "not JSON" }, { fault: expect.objectContaining({ code: "RECORD_INVALID" }) as unknown }]);
  });

  it("tells of many bad lines in few, and of all of them by number", async () => {
    const { stderr } = await ecs("x\n".repeat(500));

    expect(stderr.split("\n").length).toBeLessThan(30);
    expect(stderr).toContain("500 lines");
  });

  it("ends quietly when nobody reads on", async () => {
    const terminal = fakeTerminal();
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error("gone"), { code: "EPIPE" })) });
    const stdin = new PassThrough();
    const done = runCli(["normalize", "--as", "ecs"], fakePorts(fakeApi({}), { ...terminal.io, stdin, stdout: broken }));
    for (let at = 0; at < 100; at += 1) stdin.write(`x${group("a")}\n`);
    stdin.end();

    expect(await done).toBe(0);
    expect(terminal.stderr()).not.toContain("INTERNAL");
  });

  it("reads no further ahead than its reader takes", async () => {
    let written = 0;
    const slow = new Writable({
      highWaterMark: 1024,
      write: (chunk: Buffer, _encoding, done) => {
        written += chunk.length;
        setImmediate(done);
      },
    });
    const batch = Buffer.from(`${group("a")}\n`.repeat(20));
    const seen: (readonly [given: number, written: number])[] = [];
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let given = 0; given < 200; given += 1) {
        seen.push([given, written]);
        yield batch;
      }
    };
    const terminal = fakeTerminal();

    expect(await runCli(["normalize", "--as", "ecs"], fakePorts(fakeApi({}), { ...terminal.io, stdin: source() as never, stdout: slow }))).toBe(0);
    const size = written / 200;
    expect(Math.max(...seen.map(([given, written]) => given - written / size))).toBeLessThanOrEqual(2);
  });

  it("nesting that cannot be written costs its own line alone", async () => {
    const deep = `{"name":"g","siteId":"1","isDefault":true,"x":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
    const documents = parsed(await ecs(`${deep}\n${group("a")}\n`));

    expect(documents[0]).toMatchObject({ error: { line: 1, reason: "nested too deeply to be written" } });
    expect(documents[1]).toMatchObject({ group: { id: "a" } });
  });

  it("on a terminal no character of a record acts", async () => {
    const hostile = JSON.stringify({ id: "a", name: "x\u202e\u009b31m", siteId: "2", isDefault: true });
    const { stdout } = await vedette(["normalize", "--as", "ecs"], {}, { stdin: hostile, isTTY: true });

    expect(stdout).not.toMatch(/[\u202e\u009b]/u);
    expect(JSON.parse(stdout)).toMatchObject({ group: { name: "x\u202e\u009b31m" } });
  });
});

describe("lines of records", () => {
  it("are the same however the input is cut", async () => {
    const text = `\uFEFF{"a":"é"}\r\n\n  {"b":2}  \n{"c":"😀"}`;
    const bytes = Buffer.from(text);
    const whole = await lines(bytes);

    expect(whole.map((line) => line.text)).toEqual(['{"a":"é"}', null, '{"b":2}', '{"c":"😀"}']);
    expect(whole.map((line) => line.number)).toEqual([1, 2, 3, 4]);
    for (let cut = 1; cut < bytes.length; cut += 1) expect(await lines(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(whole);
    expect(await lines(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it("that are empty count, unless nothing follows", async () => {
    expect((await lines("\n\na\n\n\n \n")).map((line) => [line.number, line.text])).toEqual([[1, null], [2, null], [3, "a"]]);
  });

  it("that are no UTF-8 say so, and name UTF-16", async () => {
    const [bad, good] = await lines(Buffer.from([0x7b, 0xff, 0x7d, 10]), "{}");
    const [utf16] = await lines(Buffer.from("\uFEFF{}\n", "utf16le"));

    expect(bad).toEqual({ number: 1, text: null, reason: "not valid UTF-8" });
    expect(good).toEqual({ number: 2, text: "{}" });
    expect(utf16).toMatchObject({ text: null, reason: expect.stringContaining("UTF-16") as string });
  });

  it("longer than what is sensible are one error each, and are not held", async () => {
    const part = Buffer.alloc(1024 * 1024, 0x61);
    const many = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < MAX_LINE_BYTES / part.length + 2; at += 1) yield part;
      yield Buffer.from("\nb");
    };
    const all: RecordLine[] = [];
    for await (const batch of recordLines(many())) all.push(...batch);

    expect(all).toEqual([{ number: 1, text: null, reason: "longer than 16 MiB" }, { number: 2, text: "b" }]);
  });
});
