/**
 * A ZIP archive of small text files, stored uncompressed, and encrypted with the format's old stream cipher when there is a
 * password: that is what clients of the console unpack. The cipher keeps nothing secret, and nothing here is.
 */
import { crc32 } from "node:zlib";

export interface ZipEntry {
  readonly name: string;
  readonly content: string;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c >>> 0;
});

/** The three keys of the cipher (APPNOTE 6.1), moved on by every plain byte. */
class Keys {
  #a = 0x12345678;
  #b = 0x23456789;
  #c = 0x34567890;

  constructor(password: string) {
    for (const byte of Buffer.from(password)) this.#move(byte);
  }

  #move(byte: number): void {
    this.#a = ((this.#a >>> 8) ^ (CRC_TABLE[(this.#a ^ byte) & 0xff] ?? 0)) >>> 0;
    this.#b = (Math.imul((this.#b + (this.#a & 0xff)) >>> 0, 134_775_813) + 1) >>> 0;
    this.#c = ((this.#c >>> 8) ^ (CRC_TABLE[(this.#c ^ (this.#b >>> 24)) & 0xff] ?? 0)) >>> 0;
  }

  encrypt(byte: number): number {
    const seed = (this.#c | 2) & 0xffff;
    const mask = (Math.imul(seed, seed ^ 1) >>> 8) & 0xff;
    this.#move(byte);
    return byte ^ mask;
  }
}

function encrypted(content: Buffer, crc: number, password: string): Buffer {
  const keys = new Keys(password);
  // Eleven bytes of salt, then the check byte that tells an unpacker whether the password is right.
  const head = Buffer.alloc(12, 0x53);
  head[11] = crc >>> 24;
  return Buffer.from(Buffer.concat([head, content]).map((byte) => keys.encrypt(byte)));
}

const HEAD = 26;

/** Version, flags, method, time, date (1980-01-01), checksum, sizes, name length, no extra field: the same in both places of an entry. */
function common(name: Buffer, crc: number, stored: number, size: number, secret: boolean): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt16LE(20, 0);
  // 0x800: names are UTF-8.
  head.writeUInt16LE((secret ? 1 : 0) | 0x800, 2);
  head.writeUInt16LE(33, 8);
  head.writeUInt32LE(crc, 10);
  head.writeUInt32LE(stored, 14);
  head.writeUInt32LE(size, 18);
  head.writeUInt16LE(name.length, 22);
  return head;
}

function signature(text: string): Buffer {
  return Buffer.from(`PK${text}`, "latin1");
}

export function zipOf(entries: readonly ZipEntry[], password: string | undefined): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content);
    const crc = crc32(content);
    const stored = password === undefined ? content : encrypted(content, crc, password);
    const head = common(name, crc, stored.length, content.length, password !== undefined);
    const local = Buffer.concat([signature("\x03\x04"), head, name, stored]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(signature("\x01\x02"), Buffer.from([20, 0]), head, tail, name);
    parts.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, listed, signature("\x05\x06"), end]);
}
