import { argmax } from '@unpair/classifiers';

/** How much of its answers a target gives, the least first. */
export const ACCESSES = ['labels', 'top-k', 'scores', 'logits'] as const;

/** How much of a target's answer an attack has to see. */
export type Access = (typeof ACCESSES)[number];

/**
 * What a target gives: the classes that it predicts; the scores, which are probabilities, of the `k` likeliest classes or
 * of all, rounded to so many `decimals` where it rounds them; or its logits.
 */
export type Offer =
  | { readonly access: 'labels' }
  | { readonly access: 'logits' }
  | { readonly access: 'scores'; readonly decimals?: number }
  | { readonly access: 'top-k'; readonly k: number; readonly decimals?: number };

/** What a target gives of which nothing is said. */
export const EVERYTHING: Offer = { access: 'logits' };

/** What an attack sees of the target's answer to `count` inputs, by the access that it declares. */
export interface Observations {
  readonly labels: {
    /** The class that the target predicts, [count]. */
    readonly labels: Int32Array;
  };
  readonly 'top-k': {
    /** The k likeliest classes of each input, the likeliest first, [count, k]. */
    readonly best: Int32Array;
    /** Their scores, [count, k]. */
    readonly scores: Float32Array;
  };
  readonly scores: {
    /** Probabilities, [count, classes]. */
    readonly scores: Float32Array;
  };
  readonly logits: {
    /** [count, classes]; of a target that gives scores, their logarithms: what logits say but for a constant of each input. */
    readonly logits: Float32Array;
  };
}

/**
 * Whether a target that gives `offer` gives an attack what it needs. What goes by logits does by scores as well; of the
 * likeliest classes alone, as long as it leaves one of them rather than looking for another.
 */
export function suffices({ access }: Offer, needed: Access, goal: 'avoid' | 'reach' = 'avoid'): boolean {
  if (needed === 'logits')
    return access === 'logits' || access === 'scores' || (access === 'top-k' && goal === 'avoid');
  return ACCESSES.indexOf(access) >= ACCESSES.indexOf(needed);
}

/** What a target gives, in a word: `top-5`, `scores-3` where they have three decimals. */
export function offerText(offer: Offer): string {
  const kind = offer.access === 'top-k' ? `top-${offer.k}` : offer.access;
  const decimals = 'decimals' in offer ? offer.decimals : undefined;
  return decimals === undefined ? kind : `${kind}-rounded-${decimals}`;
}

/** Makes of a target's answer what an attack is to see of it; nothing else of the answer ever reaches the attack. */
export type Observe<A extends Access> = (logits: Float32Array, count: number) => Observations[A];

/** How answers are cut down to what an attack needs, of a target that gives `offer`. */
export function observer<A extends Access>(needed: A, offer: Offer): Observe<A> {
  return observers[needed](offer.access === 'top-k' ? offer.k : Infinity);
}

const observers: { readonly [A in Access]: (k: number) => Observe<A> } = {
  labels: () => (logits, count) => {
    const classes = logits.length / count;
    return { labels: Int32Array.from({ length: count }, (_, row) => argmax(logits, row * classes, classes)) };
  },
  'top-k': (k) => (logits, count) => {
    const classes = logits.length / count;
    const all = scoresOf(logits, count);
    const best = Array.from({ length: count }, (_, row) =>
      likeliest(all.subarray(row * classes, (row + 1) * classes), k),
    );
    return {
      best: Int32Array.from(best.flat()),
      scores: Float32Array.from(best.flatMap((kept, row) => kept.map((k) => all[row * classes + k] ?? 0))),
    };
  },
  scores: () => (logits, count) => ({ scores: scoresOf(logits, count) }),
  logits: () => (logits) => ({ logits }),
};

/** The k classes with the largest scores, the largest first, ties by their number. */
export function likeliest(scores: Float32Array, k: number): readonly number[] {
  return [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b).slice(0, k);
}

/** softmax, in double precision until it is rounded. */
export function scoresOf(logits: Float32Array, count: number): Float32Array {
  const classes = logits.length / count;
  const scores = new Float32Array(logits.length);
  for (let first = 0; first < logits.length; first += classes) {
    const own = logits.subarray(first, first + classes);
    const largest = own[argmax(own)] ?? 0;
    const odds = Float64Array.from(own, (logit) => Math.exp(logit - largest));
    const total = odds.reduce((sum, value) => sum + value, 0);
    scores.set(
      odds.map((value) => value / total),
      first,
    );
  }
  return scores;
}
