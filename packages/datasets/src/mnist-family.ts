import { UnpairError } from '@unpair/errors';
import type { PinnedFile } from './files.js';
import { IDX_PREFIX, decodeIdx, idxSampleSet } from './idx.js';
import type { NamedDataset } from './named-dataset.js';
import type { Split } from './sample-set.js';

/** SHA-256 of the four uncompressed files. */
export interface FamilyDigests {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
}

/** What MNIST and its drop-in replacements share: four idx files of 60,000 and 10,000 grey images of 28×28. */
export function mnistFamily(
  name: string,
  classNames: readonly string[],
  digests: FamilyDigests,
): Pick<NamedDataset, 'name' | 'classNames' | 'shape' | 'counts' | 'files' | 'read'> {
  return {
    name,
    classNames,
    shape: [1, 28, 28],
    counts: { train: 60_000, test: 10_000 },
    files: {
      train: pair('train', 60_000, digests.trainImages, digests.trainLabels),
      test: pair('test', 10_000, digests.testImages, digests.testLabels),
    },
    read([images, labels]) {
      if (!images || !labels) throw new UnpairError('NOT_FOUND', `${name} has no labels`);
      return idxSampleSet(
        name,
        decodeIdx(`images of ${name}`, images),
        decodeIdx(`labels of ${name}`, labels),
        classNames,
      );
    },
  };
}

function pair(split: Split, count: number, images: string, labels: string): readonly PinnedFile[] {
  const prefix = IDX_PREFIX[split];
  return [
    { name: `${prefix}-images-idx3-ubyte`, bytes: 16 + count * 28 * 28, algorithm: 'sha256', digest: images },
    { name: `${prefix}-labels-idx1-ubyte`, bytes: 8 + count, algorithm: 'sha256', digest: labels },
  ];
}
