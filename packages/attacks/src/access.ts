import { argmax } from '@unpair/classifiers';

/** How much of its answers a target gives, the least first. */
const ACCESSES = ['label', 'top-k', 'probabilities', 'logits'] as const;

/** How much of a target's answer an attack has to see. */
export type Access = (typeof ACCESSES)[number];

/** What a target gives: of the `k` likeliest classes only, where it hides the others. */
export type Offer =
  { readonly access: Exclude<Access, 'top-k'> } | { readonly access: 'top-k'; readonly k: number };

/** What an attack sees of the target's answer to `count` inputs, by the access that it declares. */
export interface Observations {
  readonly label: {
    /** The class that the target predicts, [count]. */
    readonly labels: Int32Array;
  };
  readonly 'top-k': {
    /** The k likeliest classes of each input, the likeliest first, [count, k]. */
    readonly best: Int32Array;
    /** Their probabilities, [count, k]. */
    readonly probabilities: Float32Array;
  };
  readonly probabilities: {
    /** [count, classes] */
    readonly probabilities: Float32Array;
  };
  readonly logits: {
    /** [count, classes] */
    readonly logits: Float32Array;
  };
}

/** Whether a target that gives `offer` gives an attack what it needs. */
export function suffices({ access }: Offer, needed: Access): boolean {
  return ACCESSES.indexOf(access) >= ACCESSES.indexOf(needed);
}

/** Makes of a target's answer what an attack is to see of it; nothing else of the answer ever reaches the attack. */
export type Observe<A extends Access> = (logits: Float32Array, count: number) => Observations[A];

/** How answers are cut down to what an attack needs, of a target that gives `offer`. */
export function observer<A extends Access>(needed: A, offer: Offer): Observe<A> {
  return observers[needed](offer.access === 'top-k' ? offer.k : Infinity);
}

const observers: { readonly [A in Access]: (k: number) => Observe<A> } = {
  label: () => (logits, count) => {
    const classes = logits.length / count;
    return { labels: Int32Array.from({ length: count }, (_, row) => argmax(logits, row * classes, classes)) };
  },
  'top-k': (k) => (logits, count) => {
    const classes = logits.length / count;
    const all = probabilitiesOf(logits, count);
    const best = Array.from({ length: count }, (_, row) => {
      const own = all.subarray(row * classes, (row + 1) * classes);
      return [...own.keys()].sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0) || a - b).slice(0, k);
    });
    return {
      best: Int32Array.from(best.flat()),
      probabilities: Float32Array.from(
        best.flatMap((kept, row) => kept.map((k) => all[row * classes + k] ?? 0)),
      ),
    };
  },
  probabilities: () => (logits, count) => ({ probabilities: probabilitiesOf(logits, count) }),
  logits: () => (logits) => ({ logits }),
};

/** softmax, in double precision until it is rounded. */
function probabilitiesOf(logits: Float32Array, count: number): Float32Array {
  const classes = logits.length / count;
  const probabilities = new Float32Array(logits.length);
  for (let first = 0; first < logits.length; first += classes) {
    const own = logits.subarray(first, first + classes);
    const largest = own[argmax(own)] ?? 0;
    const odds = Float64Array.from(own, (logit) => Math.exp(logit - largest));
    const total = odds.reduce((sum, value) => sum + value, 0);
    probabilities.set(
      odds.map((value) => value / total),
      first,
    );
  }
  return probabilities;
}
