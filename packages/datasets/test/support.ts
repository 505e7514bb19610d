import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { PNG } from 'pngjs';
import { onTestFinished } from 'vitest';

/** What `action` throws; fails when it does not throw an Error. */
export function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an Error to be thrown');
}

/** What `promise` rejects with; fails when it does not reject with an Error. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  const outcome: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return outcome;
  throw new Error('expected a rejection with an Error');
}

/** A folder of this test alone, removed after it. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'unpair-datasets-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An idx file of unsigned bytes. */
export function idx(shape: readonly number[], values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, 0x0800 + shape.length);
  shape.forEach((dim, axis) => {
    view.setUint32(4 + 4 * axis, dim);
  });
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

/** A PNG file whose pixel at (x, y) is `colour(x, y)`: red, green, blue and, where it is not 255, alpha. */
export function png(
  [width, height]: readonly [number, number],
  colour: (x: number, y: number) => readonly number[],
  { grey = false } = {},
): Buffer {
  const image = new PNG({ width, height });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red = 0, green = 0, blue = 0, alpha = 255] = colour(x, y);
      image.data.set([red, green, blue, alpha], (y * width + x) * 4);
    }
  }
  return PNG.sync.write(image, grey ? { colorType: 0 } : {});
}

/** A PNG file of one pixel. */
export const pixel = (...colour: readonly number[]): Buffer => png([1, 1], () => colour);

/** Writes files below `folder`, and the folders that they need. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
