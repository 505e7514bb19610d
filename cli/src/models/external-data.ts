import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';

import type { ExternalData } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

/** Reads what ONNX files keep in files beside them, and remembers whether there was any. */
export class ExternalDataReader {
  readonly #folder: string;
  #wasUsed = false;

  /** @param model path of the model file; its folder is the only one that is read from. */
  constructor(model: string) {
    this.#folder = dirname(model);
  }

  /** Whether the model is more than its one file. */
  get wasUsed(): boolean {
    return this.#wasUsed;
  }

  /** @throws {ModelError} for a path out of the folder, and a file that is missing or too short. */
  readonly read = ({ location, offset, length }: ExternalData): Uint8Array => {
    this.#wasUsed = true;
    const file = openSync(pathBeside(this.#folder, location), 'r');
    try {
      const { size } = fstatSync(file);
      if (offset + length > size) {
        throw new ModelError(
          `its data file "${location}" has ${size} bytes, too few for ${length} from byte ${offset} on`,
        );
      }
      return readFully(file, offset, length);
    } finally {
      closeSync(file);
    }
  };
}

/**
 * Path of a file that a model file names as its own, in the model's folder or below it. Links are followed before the
 * check, as they may lead anywhere.
 * @throws {ModelError} for a path out of the folder, and a file that is not there.
 */
export function pathBeside(folder: string, location: string): string {
  const steps = location.split(/[/\\]/);
  if (isAbsolute(location) || steps.includes('..')) throw escape(location);
  try {
    const root = realpathSync(folder || '.');
    const path = realpathSync(join(root, location));
    const inside = relative(root, path);
    if (inside.split(sep).includes('..') || isAbsolute(inside)) throw escape(location);
    return path;
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError(`its data file "${location}" is not to be found beside it`, { cause });
  }
}

function escape(location: string): ModelError {
  return new ModelError(
    `its data file is "${location}"; only files in the model's own folder and below it are read`,
  );
}

/** One read may return less than was asked for. */
function readFully(file: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, length - done, offset + done);
    if (count === 0) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}
