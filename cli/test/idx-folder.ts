import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A data set of square images, divided into splits as MNIST is. Each image has one brightness throughout; labels are 0 and
 * 1 by turns.
 */
export async function writeIdxFolder(
  folder: string,
  side: number,
  splits: Readonly<Record<'train' | 'test', readonly number[]>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeSplit(join(folder, 'train'), side, splits.train);
  await writeSplit(join(folder, 't10k'), side, splits.test);
}

async function writeSplit(prefix: string, side: number, brightness: readonly number[]): Promise<void> {
  const count = brightness.length;
  const pixels = brightness.flatMap((value) => new Array<number>(side * side).fill(value));
  const labels = brightness.map((_, sample) => sample % 2);
  await writeFile(`${prefix}-images-idx3-ubyte`, idx([count, side, side], pixels));
  await writeFile(`${prefix}-labels-idx1-ubyte`, idx([count], labels));
}

function idx(shape: readonly number[], data: readonly number[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((dim, axis) => header.writeUInt32BE(dim, 4 + 4 * axis));
  return Buffer.concat([header, Uint8Array.from(data)]);
}
