import type { Runtime } from '@unpair/graph';
import type { TunedSizes } from '@unpair/classifiers';
import { writeWhole } from '@unpair/files';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GraphKind } from '../messages.js';

/** What a tuning holds for: one graph of one model, on what executes it. */
export interface TuningKey {
  /** Digest of the model. */
  readonly digest: string;
  readonly graph: GraphKind;
  readonly runtime: Runtime;
  readonly threads: number;
}

/** One learnt tuning on disk, in a folder that several workers may share. It is a hint: what cannot be read is learnt again. */
export class TuningFile {
  readonly #path: string;
  #written: Promise<void> = Promise.resolve();

  constructor(folder: string, { digest, graph, runtime, threads }: TuningKey) {
    const parts = [digest, graph, runtime.name, runtime.version, runtime.device, `${threads}`];
    const name = parts.map((part) => part.replaceAll(/[^\w.+-]/g, '-')).join('_');
    this.#path = join(folder, `${name}.json`);
  }

  async read(): Promise<TunedSizes | undefined> {
    try {
      const sizes: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      return isTunedSizes(sizes) ? sizes : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps `sizes` in the place of what was there. A disk that is full costs only the hint. */
  write(sizes: TunedSizes): void {
    const text = JSON.stringify(sizes);
    this.#written = this.#written.then(() => writeWhole(this.#path, text)).catch(() => undefined);
  }

  /** Resolves when everything is written. */
  settled(): Promise<void> {
    return this.#written;
  }
}

function isTunedSizes(value: unknown): value is TunedSizes {
  if (typeof value !== 'object' || value === null) return false;
  const { millisecondsPerRow: times, fitting } = value as Partial<Record<keyof TunedSizes, unknown>>;
  const isCount = fitting === null || (Number.isInteger(fitting) && Number(fitting) >= 1);
  return isCount && typeof times === 'object' && times !== null && Object.values(times).every(isTime);
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}
