import type { Classifier } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import type { Offer } from './access.js';
import { likeliest, scoresOf } from './access.js';

/**
 * A target as whoever sees no more of its answers than `offer` reaches it: logits that say what the answer says, so that
 * attacks, imitation, query 0 and the judge of success all go by the same. The class with the largest is the one that is
 * predicted, of equal scores the first. An input that the target does not answer, with NaN, stays without an answer.
 */
export function limited(target: Classifier, offer: Offer): Classifier {
  if (offer.access === 'logits') return target;
  const { shape, classes } = target;
  return {
    shape,
    classes,
    logits: async (inputs, count) => limitedLogits(await target.logits(inputs, count), count, offer),
    close: () => target.close(),
  };
}

/** What is left of logits [count, classes]: see {@link limited}. */
export function limitedLogits(logits: Float32Array, count: number, offer: Offer): Float32Array {
  if (offer.access === 'logits') return logits;
  if (offer.access === 'labels') return rows(logits, count, labelOnly);
  return seenIn(scoresOf(logits, count), count, offer);
}

type Scored = Exclude<Offer, { readonly access: 'labels' | 'logits' }>;

/** What scores [count, classes] say, as logits, to who sees so much of them. */
export function seenIn(scores: Float32Array, count: number, offer: Scored): Float32Array {
  const { decimals } = offer;
  const [unit, least] = decimals === undefined ? [0, LEAST] : [10 ** -decimals, 0.5 * 10 ** -decimals];
  const rounded = unit === 0 ? scores : scores.map((score) => Math.round(score / unit) * unit);
  return rows(rounded, count, (own) => {
    const all = offer.access === 'top-k' ? completed(own, likeliest(own, offer.k)) : own;
    return Float32Array.from(all, (score) => Math.log(Math.max(score, least)));
  });
}

/** The smallest normal number of single precision: below it a score is told apart from none no longer. */
const LEAST = 2 ** -126;
/** So little below the prediction that no temperature makes anything of the other classes. */
const HIDDEN = -1e4;

function labelOnly(logits: Float32Array): Float32Array {
  const label = argmax(logits);
  return logits.map((_, k) => (k === label ? 0 : HIDDEN));
}

/** What the kept scores leave of 1, in equal parts for the classes that are hidden: each less than any that is not. */
function completed(scores: Float32Array, kept: readonly number[]): Float32Array {
  const shown = kept.map((k) => scores[k] ?? 0);
  const left = 1 - shown.reduce((sum, score) => sum + score, 0);
  const each = Math.max(0, Math.min(left / (scores.length - kept.length), BELOW * Math.min(...shown)));
  const all = scores.map(() => each);
  for (const k of kept) all[k] = scores[k] ?? 0;
  return all;
}

/** Of a score that is shown, what one that is hidden has at most. */
const BELOW = 0.999;

/** Each row of [count, classes] changed by itself; one with NaN is all NaN. */
function rows(
  values: Float32Array,
  count: number,
  change: (row: Float32Array) => Float32Array,
): Float32Array {
  const classes = values.length / count;
  const changed = new Float32Array(values.length);
  for (let first = 0; first < values.length; first += classes) {
    const own = values.subarray(first, first + classes);
    changed.set(own.some(Number.isNaN) ? own.map(() => NaN) : change(own), first);
  }
  return changed;
}
