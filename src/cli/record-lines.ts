/**
 * NDJSON in, line by line as bytes, whatever the lines hold: never more than one line and one chunk in memory, and a line that cannot be
 * read is a line all the same, so that what comes out can be matched with what went in. Lines are numbered from 1.
 */
import { isUtf8 } from "node:buffer";

export type RecordLine = { readonly number: number; readonly text: string } | { readonly number: number; readonly text: null; readonly reason: string };

/** One record of SentinelOne's is far smaller; a file without line breaks must not fill the memory. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const NOTHING = Buffer.alloc(0);

/** Batches of lines, one for each chunk read. Empty lines at the very end are no lines; anywhere else they are, and hold no record. */
export async function* recordLines(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<readonly RecordLine[]> {
  const reader = new LineReader();
  for await (const chunk of chunks) {
    const lines = reader.take(typeof chunk === "string" ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (lines.length > 0) yield lines;
  }
  const last = reader.end();
  if (last.length > 0) yield last;
}

class LineReader {
  #number = 0;
  /** Parts of a line whose end has not come yet. */
  #parts: Buffer[] = [];
  #size = 0;
  #tooLong = false;
  /** Empty lines that turn out to be lines only when another follows. */
  #empty = 0;

  take(chunk: Buffer): RecordLine[] {
    const lines: RecordLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#line(lines, chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  end(): RecordLine[] {
    const lines: RecordLine[] = [];
    if (this.#size > 0 || this.#tooLong) this.#line(lines, NOTHING);
    return lines;
  }

  #keep(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > MAX_LINE_BYTES) {
      this.#tooLong = true;
      this.#parts = [];
    }
    // A copy: the stream may use the chunk's memory again, and a short rest would keep all of it alive.
    if (!this.#tooLong) this.#parts.push(Buffer.from(part));
  }

  #line(lines: RecordLine[], end: Buffer): void {
    let bytes = end;
    const tooLong = this.#tooLong || this.#size + end.length > MAX_LINE_BYTES;
    if (this.#parts.length > 0) bytes = tooLong ? NOTHING : Buffer.concat([...this.#parts, end]);
    this.#parts = [];
    this.#size = 0;
    this.#tooLong = false;
    if (tooLong) return this.#add(lines, null, `longer than ${String(MAX_LINE_BYTES / 1_048_576)} MiB`);
    const reason = unreadable(bytes, this.#number + this.#empty === 0);
    if (reason !== null) return this.#add(lines, null, reason);
    const text = trimmed(bytes, this.#number + this.#empty === 0);
    if (text === "") this.#empty += 1;
    else this.#add(lines, text, "");
  }

  #add(lines: RecordLine[], text: string | null, reason: string): void {
    for (; this.#empty > 0; this.#empty -= 1) lines.push({ number: (this.#number += 1), text: null, reason: "the line is empty" });
    this.#number += 1;
    lines.push(text === null ? { number: this.#number, text, reason } : { number: this.#number, text });
  }
}

function unreadable(bytes: Buffer, first: boolean): string | null {
  if (isUtf8(bytes)) return null;
  const utf16 = first && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  return utf16 ? "not UTF-8 but UTF-16; convert the file first, for instance with `iconv -f UTF-16 -t UTF-8`" : "not valid UTF-8";
}

/** Without what is around the record: a byte order mark, a carriage return, blanks. */
function trimmed(bytes: Buffer, first: boolean): string {
  let start = 0;
  let end = bytes.length;
  if (first && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) start = 3;
  while (start < end && isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return bytes.toString("utf8", start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === CARRIAGE_RETURN;
}
