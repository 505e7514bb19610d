/** How thoroughly a sibling is looked at. */
export interface Depth {
  readonly samples: number;
  /** Of them, those that searches attack. */
  readonly searched: number;
  /** Queries that a search may spend on one. */
  readonly budget: number;
  readonly epsilons: readonly string[];
  /** How the sibling is unpaired; null where there is no time for a cure. */
  readonly cure: { readonly epochs: number; readonly adaptive: boolean } | null;
}

const QUICK = { samples: 200, searched: 40, budget: 1_000, epsilons: ['4/255'] } as const;
const BOTH = ['4/255', '8/255'] as const;

/** From the most thorough to the least: first go figures, then a long cure, then attackers who know of it, then the cure. */
export const DEPTHS: readonly Depth[] = [
  {
    ...QUICK,
    samples: 1_000,
    searched: 200,
    budget: 5_000,
    epsilons: BOTH,
    cure: { epochs: 8, adaptive: true },
  },
  {
    ...QUICK,
    samples: 500,
    searched: 100,
    budget: 2_000,
    epsilons: BOTH,
    cure: { epochs: 4, adaptive: true },
  },
  { ...QUICK, cure: { epochs: 4, adaptive: true } },
  { ...QUICK, cure: { epochs: 1, adaptive: true } },
  { ...QUICK, cure: { epochs: 1, adaptive: false } },
  { ...QUICK, cure: null },
];

/** Of the time there is, what a plan may take by its forecast: models are made slower on a machine that others use. */
const SHARE = 1 / 2;

/**
 * The most thorough depth that fits into the time.
 * @param takes seconds that one takes, by its forecast
 * @returns undefined where none fits
 */
export function depthWithin(seconds: number, takes: (depth: Depth) => number): Depth | undefined {
  return DEPTHS.find((depth) => takes(depth) <= SHARE * seconds);
}
