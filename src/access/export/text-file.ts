/** A text written to a file as it is made, in chunks: an export's thread has nothing else to do meanwhile. */
import { closeSync, openSync, writeSync } from "node:fs";

const CHUNK = 1 << 18;

export class TextFile {
  readonly #handle: number;
  #text = "";

  /** Makes `file`, readable by this user alone. */
  constructor(file: string) {
    this.#handle = openSync(file, "wx", 0o600);
  }

  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= CHUNK) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#handle);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text);
    this.#text = "";
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at);
  }
}
