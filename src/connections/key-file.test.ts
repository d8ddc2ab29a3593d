import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { createKeyFile, readKeyFile, replaceKeyFile, newKey, weakness, type KeyFilePlace } from "./key-file.ts";

let folder: string;
let place: KeyFilePlace;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vedette-keys-"));
  mkdirSync(join(folder, "config"), { mode: 0o700 });
  place = { file: join(folder, "config", "keyring.json"), dataFolder: join(folder, "data") };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(content: unknown, mode = 0o600): void {
  writeFileSync(place.file, typeof content === "string" ? content : JSON.stringify(content), { mode });
  chmodSync(place.file, mode);
}

function ring(bytes: Uint8Array, edit: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { format: "vedette-keyring", version: 1, current: "k_0123456789abcdef", keys: { k_0123456789abcdef: { key: Buffer.from(bytes).toString("base64"), createdAt: "2026-01-01T00:00:00Z" } }, ...edit };
}

const good = Buffer.from("f3a9c2114be07d5586e1903fbc2a7d684419e6aa02fd73b85c91d7240e3fb65a", "hex");

describe("a key file that cannot be trusted is refused with a cure in one line", () => {
  const bad: Readonly<Record<string, () => void>> = {
    "an empty file": () => write(""),
    "a file of blanks": () => write("  \n"),
    "not JSON": () => write("secret"),
    "a JSON list": () => write([1]),
    "JSON null": () => write("null"),
    "another program's file": () => write({ keys: {} }),
    "a version from the future": () => write(ring(good, { version: 2 })),
    "no key at all": () => write(ring(good, { keys: {} })),
    "a current key that is not there": () => write(ring(good, { current: "k_ffffffffffffffff" })),
    "a key of 16 bytes": () => write(ring(good.subarray(0, 16))),
    "an empty key": () => write(ring(Buffer.alloc(0))),
    "a key of zeros": () => write(ring(Buffer.alloc(32))),
    "one byte repeated": () => write(ring(Buffer.alloc(32, 0x5a))),
    "bytes counted up": () => write(ring(Buffer.from(Array.from({ length: 32 }, (_, index) => index)))),
    "a passphrase": () => write(ring(Buffer.from("correct horse battery staple once more"))),
    "a short pattern repeated": () => write(ring(Buffer.concat(Array.from({ length: 8 }, () => Buffer.from([1, 200, 3, 150]))))),
    "a key of 100 bytes": () => write(ring(randomBytes(100))),
    "a key that is not base64": () => write(ring(good, { keys: { k_0123456789abcdef: { key: "!!!!", createdAt: "2026-01-01T00:00:00Z" } } })),
    "a key id that is a path": () => write(ring(good, { keys: { "../x": { key: good.toString("base64"), createdAt: "2026-01-01T00:00:00Z" } } })),
    "a key without a date": () => write(ring(good, { keys: { k_0123456789abcdef: { key: good.toString("base64") } } })),
    "the same key under two ids": () => write(ring(good, { keys: Object.fromEntries(["k_0123456789abcdef", "k_1123456789abcdef"].map((id) => [id, { key: good.toString("base64"), createdAt: "2026-01-01T00:00:00Z" }])) })),
    "a file larger than any keyring": () => write(`${JSON.stringify(ring(good))}${" ".repeat(70_000)}`),
    "readable by everybody": () => write(ring(good), 0o644),
    "readable by the group": () => write(ring(good), 0o640),
    "writable by others": () => write(ring(good), 0o602),
    "a folder": () => mkdirSync(place.file),
    "a link to nowhere": () => symlinkSync(join(folder, "absent"), place.file),
    "a pipe": () => execFileSync("mkfifo", ["-m", "600", place.file]),
    "a folder that others may write to": () => {
      write(ring(good));
      chmodSync(join(folder, "config"), 0o777);
    },
    "inside the data folder": () => {
      write(ring(good));
      place = { ...place, dataFolder: folder };
    },
    "inside the data folder by a link": () => {
      mkdirSync(join(folder, "data"));
      symlinkSync(join(folder, "data"), join(folder, "elsewhere"));
      place = { file: join(folder, "elsewhere", "keyring.json"), dataFolder: join(folder, "data") };
      write(ring(good));
    },
    "another user's file": () => {
      write(ring(good));
      if (process.getuid?.() === 0) chownSync(place.file, 12_345, 12_345);
      else place = { ...place, uid: 54_321 };
    },
  };

  it("tries at least fifteen bad set-ups", () => expect(Object.keys(bad).length).toBeGreaterThanOrEqual(15));

  for (const [name, spoil] of Object.entries(bad)) {
    it(`refuses ${name}`, () => {
      spoil();

      const attempt = (): unknown => readKeyFile(place);

      expect(attempt).toThrow(Fault);
      try {
        attempt();
      } catch (error) {
        const fault = error as Fault;
        expect(fault.code).toBe("KEY_FILE_WEAK");
        expect(fault.cure).not.toContain("\n");
        expect(JSON.stringify(fault)).not.toContain(good.toString("base64"));
      }
    });
  }
});

describe("a good key file", () => {
  it("is made with 0600 in a folder of 0700, and read back as it was made", () => {
    place = { file: join(folder, "deep", "er", "keyring.json"), dataFolder: join(folder, "data") };
    const made = createKeyFile(place, 0);
    const read = readKeyFile(place);

    expect(statSync(place.file).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "deep", "er")).mode & 0o777).toBe(0o700);
    expect(read?.current).toEqual(made.current);
    expect(made.current.bytes.length).toBe(32);
  });

  it("is null when there is none", () => expect(readKeyFile(place)).toBeNull());

  it("never replaces one that appeared meanwhile", () => {
    write(ring(good));
    const before = readFileSync(place.file, "utf8");

    expect(() => createKeyFile(place, 0)).toThrow(Fault);
    expect(readFileSync(place.file, "utf8")).toBe(before);
  });

  it("is replaced whole, leaving no draft behind, through a link as well", () => {
    const first = createKeyFile({ ...place, file: join(folder, "config", "real.json") }, 0);
    symlinkSync(join(folder, "config", "real.json"), place.file);
    const next = newKey(1);
    replaceKeyFile(place, { current: next, keys: new Map([...first.keys, [next.id, next]]) });

    expect(readKeyFile(place)?.current.id).toBe(next.id);
    expect(existsSync(join(folder, "config", "real.json"))).toBe(true);
    expect(execFileSync("ls", ["-A", join(folder, "config")]).toString().trim().split("\n").sort()).toEqual(["keyring.json", "real.json"]);
  });

  it("never refuses a random key", () => {
    for (let round = 0; round < 2000; round += 1) expect(weakness(randomBytes(32))).toBeNull();
  });
});
