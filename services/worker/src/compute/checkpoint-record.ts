import type { CurveState } from '@unpair/training';
import { createHash } from 'node:crypto';

/** The state of a training run with the curve so far, so that a run that goes on ends with the whole curve. */
export interface CheckpointRecord {
  readonly curve: CurveState;
  readonly state: Uint8Array;
}

/** Bytes of the digest, and of the two numbers behind it. */
const [DIGEST, NUMBERS] = [32, 8];
const HEAD = DIGEST + NUMBERS;

/**
 * A record as bytes: SHA-256 of what follows, steps done and length of the curve (32 bits each, little-endian), curve as
 * JSON, state.
 */
export function encodeCheckpoint({ curve, state }: CheckpointRecord): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(curve));
  const bytes = new Uint8Array(HEAD + text.length + state.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(DIGEST, curve.step, true);
  view.setUint32(DIGEST + 4, text.length, true);
  bytes.set(text, HEAD);
  bytes.set(state, HEAD + text.length);
  bytes.set(createHash('sha256').update(bytes.subarray(DIGEST)).digest());
  return bytes;
}

/** A record from its bytes; undefined where they are damaged. */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointRecord | undefined {
  const digest = createHash('sha256').update(bytes.subarray(DIGEST)).digest();
  if (bytes.length < HEAD || !digest.equals(bytes.subarray(0, DIGEST))) return undefined;
  const end = HEAD + new DataView(bytes.buffer, bytes.byteOffset).getUint32(DIGEST + 4, true);
  const curve = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD, end))) as CurveState;
  return { curve, state: bytes.subarray(end) };
}

/** Steps that are done in a record, read in pieces for it may be large; undefined where it is damaged. */
export async function stepsIn(content: AsyncIterable<Uint8Array>): Promise<number | undefined> {
  const hash = createHash('sha256');
  let head = Buffer.alloc(0);
  let read = 0;
  for await (const piece of content) {
    if (read < HEAD) head = Buffer.concat([head, piece.subarray(0, HEAD - read)]);
    hash.update(piece.subarray(Math.max(0, DIGEST - read)));
    read += piece.length;
  }
  if (read < HEAD || !hash.digest().equals(head.subarray(0, DIGEST))) return undefined;
  return head.readUInt32LE(DIGEST);
}
