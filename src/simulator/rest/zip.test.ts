import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { zipOf } from "./zip.ts";

const ENTRIES = [
  { name: "manifest.json", content: '{"files":1}' },
  { name: "1/größe.txt", content: "This stands for it.\n" },
];

// The bytes below were unpacked by another program, with the password and without, and refused with a wrong one.
it.each([
  [undefined, "502734a2d95acb1eaf12a7561c375953d2a90cc8380f80a9cb5a6df93e2d807d"],
  ["infected-9", "f21b7cd855d74af4967a49e9562b3b5bdd6214bd6f8afe3bbb3ca42600c6cc37"],
])("packs an archive that unzip reads, with password %s", (password, digest) => {
  expect(createHash("sha256").update(zipOf(ENTRIES, password)).digest("hex")).toBe(digest);
});
