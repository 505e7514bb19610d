import type { DifferentiableClassifier, LossGradients } from './classifier.js';
import { UnpairError } from '@unpair/errors';

/**
 * Several surrogates as one: the loss is the mean of their cross-entropies, its gradient the mean of theirs, and the
 * logits are the mean of theirs (Liu et al. 2017, arXiv 1611.02770; Dong et al. 2018, arXiv 1710.06081, who fuse losses
 * too). The members stay the caller's to close.
 *
 * @throws {UnpairError} without members, or when they do not take the same inputs and know the same classes
 */
export function createEnsemble(members: readonly DifferentiableClassifier[]): DifferentiableClassifier {
  const [first] = members;
  if (first === undefined) throw new UnpairError('INVALID_ARGUMENT', 'an ensemble needs at least one member');
  const { shape, classes } = first;
  for (const member of members) {
    const [own, other] = [shapeText(first), shapeText(member)];
    if (own !== other)
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `an ensemble's members must be alike, got ${own} and ${other}`,
      );
  }
  return {
    shape,
    classes,
    async logits(inputs, count) {
      const answers: Float32Array[] = [];
      for (const member of members) answers.push(await member.logits(inputs, count));
      return meanOf(answers);
    },
    async lossGradients(inputs, labels, count) {
      const answers: LossGradients[] = [];
      for (const member of members) answers.push(await member.lossGradients(inputs, labels, count));
      return {
        losses: meanOf(answers.map(({ losses }) => losses)),
        gradients: meanOf(answers.map(({ gradients }) => gradients)),
        logits: meanOf(answers.map(({ logits }) => logits)),
      };
    },
    close: () => Promise.resolve(),
  };
}

function shapeText({ shape, classes }: DifferentiableClassifier): string {
  return `inputs [${shape.join(', ')}] of ${classes} classes`;
}

/** Element by element, in the order of the members: the sum is the same in every run. */
function meanOf(arrays: readonly Float32Array[]): Float32Array {
  const size = arrays[0]?.length ?? 0;
  const mean = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (const array of arrays) sum += array[i] ?? 0;
    mean[i] = sum / arrays.length;
  }
  return mean;
}
