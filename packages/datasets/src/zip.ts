import { crc32, inflateRawSync } from 'node:zlib';

import { UnpairError } from '@unpair/errors';

/*
 * Zip archives, as far as numpy writes them: stored or deflated entries, no encryption, no spanning.
 * Written archives are a pure function of their entries (no clock, no platform), because they are content-addressed.
 */

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_CENTRAL = 0x06054b50;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
const STORED = 0;
const DEFLATED = 8;
/** 1 January 1980, the format's epoch. */
const EPOCH_DATE = 0x21;
/** Deflate cannot pack tighter; an entry that claims more is a bomb or damaged. */
const MAX_RATIO = 1032;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * The entries of an archive, each checked against its CRC-32.
 * @throws {UnpairError} DATA_LOSS when the archive is damaged, INVALID_ARGUMENT when it is none, would unpack to
 * more than `maxBytes` or is not of a kind that numpy writes.
 */
export function readZip(
  path: string,
  archive: Uint8Array,
  maxBytes: number,
): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  try {
    const entries = readDirectory(path, view);
    const total = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (total > maxBytes) {
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `${path} unpacks to ${total} bytes, more than the ${maxBytes} allowed`,
      );
    }
    return new Map(entries.map((entry) => [entry.name, unpack(path, archive, view, entry)]));
  } catch (error) {
    if (error instanceof UnpairError) throw error;
    throw damaged(path, error);
  }
}

function readDirectory(path: string, view: DataView): readonly Entry[] {
  const end = findEnd(view);
  if (end < 0) throw isArchive(view) ? damaged(path) : notArchive(path);
  const entries: Entry[] = [];
  let offset = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(offset, true) !== CENTRAL_HEADER) throw damaged(path);
    const nameLength = view.getUint16(offset + 28, true);
    entries.push({
      name: textAt(view, offset + CENTRAL_SIZE, nameLength),
      method: view.getUint16(offset + 10, true),
      crc: view.getUint32(offset + 16, true),
      packed: view.getUint32(offset + 20, true),
      size: view.getUint32(offset + 24, true),
      offset: view.getUint32(offset + 42, true),
    });
    offset +=
      CENTRAL_SIZE + nameLength + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
  }
  return entries;
}

/** Whether the file begins as archives do, so that it was one once. */
function isArchive(view: DataView): boolean {
  return view.byteLength >= 4 && view.getUint32(0, true) === LOCAL_HEADER;
}

/** The end record is last, but for a comment of up to 65,535 bytes. */
function findEnd(view: DataView): number {
  const earliest = Math.max(0, view.byteLength - END_SIZE - 0xffff);
  for (let offset = view.byteLength - END_SIZE; offset >= earliest; offset--) {
    if (view.getUint32(offset, true) === END_OF_CENTRAL) return offset;
  }
  return -1;
}

function unpack(path: string, archive: Uint8Array, view: DataView, entry: Entry): Uint8Array {
  const { offset, packed, size, method, crc } = entry;
  if (view.getUint32(offset, true) !== LOCAL_HEADER || size > Math.max(packed, 1) * MAX_RATIO)
    throw damaged(path);
  if (method !== STORED && method !== DEFLATED) {
    throw new UnpairError('INVALID_ARGUMENT', `${path} is compressed by a method other than deflate`);
  }
  const start = offset + LOCAL_SIZE + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const body = archive.subarray(start, start + packed);
  const bytes = method === STORED ? body : inflateRawSync(body, { maxOutputLength: Math.max(size, 1) });
  if (bytes.length !== size || crc32(bytes) !== crc) throw damaged(path);
  return bytes;
}

/** Packs entries, uncompressed, in the order given. */
export function writeZip(entries: ReadonlyMap<string, Uint8Array>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const encoded = new TextEncoder().encode(name);
    const common = commonHeader(encoded.length, bytes);
    const local = [words(LOCAL_HEADER), common, encoded, bytes];
    directory.push(words(CENTRAL_HEADER), shorts(20), common, new Uint8Array(10), words(offset), encoded);
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const counts = shorts(0, 0, entries.size, entries.size);
  return concat([...parts, ...directory, words(END_OF_CENTRAL), counts, words(size, offset), shorts(0)]);
}

/** The fields that an entry's local and central headers share, from "version needed" to "extra field length". */
function commonHeader(nameLength: number, bytes: Uint8Array): Uint8Array {
  return concat([
    shorts(20, 0, STORED, 0, EPOCH_DATE),
    words(crc32(bytes), bytes.length, bytes.length),
    shorts(nameLength, 0),
  ]);
}

function shorts(...values: readonly number[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(values.length * 2));
  values.forEach((value, index) => {
    out.setUint16(index * 2, value, true);
  });
  return new Uint8Array(out.buffer);
}

function words(...values: readonly number[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    out.setUint32(index * 4, value, true);
  });
  return new Uint8Array(out.buffer);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function textAt(view: DataView, offset: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + offset, length));
}

function notArchive(path: string): UnpairError {
  return new UnpairError('INVALID_ARGUMENT', `${path} is no .npz file, which is a zip archive of arrays`);
}

function damaged(path: string, cause?: unknown): UnpairError {
  return new UnpairError('DATA_LOSS', `${path} is not a complete zip archive`, { cause });
}
