import type { AmplificationReport, AttackReport, ModelReport, Report } from '@unpair/campaign';

interface Size {
  readonly surrogates: number;
  readonly targets: number;
  /** Points of one sweep of each of the three attacks. */
  readonly points: number;
  readonly epsilons: number;
}

const SMALL: Size = { surrogates: 6, targets: 1, points: 1, epsilons: 2 };

const estimate = (value: number): { value: number; low: number; high: number } => ({
  value,
  low: value * 0.9,
  high: value * 1.1,
});

/** A report with something of everything, with names of models that `nameOf` makes up. */
export function reportOf(size: Partial<Size> = {}, nameOf = (at: number): string => `model-${at}`): Report {
  const { surrogates, targets, points, epsilons } = { ...SMALL, ...size };
  const names = Array.from({ length: surrogates }, (_, at) => nameOf(at));
  const targetNames = Array.from({ length: targets }, (_, at) => `target-${at}`);
  const cells = targetNames.flatMap((target) =>
    Array.from({ length: epsilons }, (_, at) => (at + 1) / 255).flatMap((epsilon) =>
      Array.from({ length: points }, (_, at) => [
        searchOf(target, null, epsilon, at, 0),
        ...names.flatMap((surrogate, index) => [
          transferOf(target, surrogate, epsilon, at, index),
          searchOf(target, surrogate, epsilon, at, index),
        ]),
      ]).flat(),
    ),
  );
  const pairs = targetNames.flatMap((target) => names.map((surrogate, at) => ({ target, surrogate, at })));
  return {
    name: 'study',
    verdict: {
      asked: 'What does publishing a sibling give?',
      exposure: [
        {
          target: 'target-0',
          surrogate: nameOf(0),
          level: 'given away',
          sentences: [`${nameOf(0)} helps.`, 'By 8×.'],
        },
      ],
      cures: [],
      cautions: ['Few samples.'],
      next: ['Attack more.'],
      evidence: [],
    },
    accounting: 'A query is one input.',
    models: names.map(modelOf),
    warnings: ['Gradients vanish.'],
    leftOut: [],
    similarity: pairs.map(({ target, surrogate, at }) => similarityOf(target, surrogate, at)),
    attacks: cells,
    amplification: cells
      .filter(({ surrogate, queries }) => surrogate !== null && queries !== null)
      .map(amplified),
    explanation: [],
    defence: [],
    tradeOff: pairs.map(({ target, surrogate, at }) => ({
      ...{ target, surrogate, defended: at === 1, accuracy: estimate(0.5 + 0.4 / (at + 1)) },
      exposure: [{ norm: 'linf', epsilon: 1 / 255, transfer: 1 / (at + 1), queryRatio: 0.1 * (at + 1) }],
    })),
    integrity: {
      ...{ tasks: 9, results: 9, failed: 0, deadLetters: 0, cancelled: 0, wastedQueries: 3 },
      resultsDigest: 'd'.repeat(64),
    },
    provenance: {
      ...{
        file: 'name: study\ndataset: { source: "<b>" }\n',
        seed: 7,
        versions: { unpair: '0.1.0' },
        runtime: ['onnxruntime 1.30.0 cpu'],
      },
      workers: [{ worker: 'worker-1', runtime: 'onnxruntime 1.30.0 cpu', results: 9 }],
      ...{ started: '2026-01-02T03:04:05.000Z', finished: null },
    },
  };
}

/** What a campaign with no results yet has. */
export function emptyReport(): Report {
  return {
    ...reportOf({ surrogates: 0, epsilons: 0 }),
    warnings: [],
    explanation: [],
  };
}

function modelOf(id: string, at: number): ModelReport {
  return {
    ...{ id, of: at === 0 ? null : 'full', kind: at === 0 ? 'file' : 'distill', digest: 'a'.repeat(64) },
    ...{ parameters: 1000, bytes: 4000, nonZero: 1000, macs: 5000, queries: 0, agreement: null },
    ...{ failure: null, nearChance: null, source: null },
    accuracy: { ...estimate(0.8), samples: 100 },
    training:
      at === 0
        ? null
        : Array.from({ length: 100 }, (_, step) => ({
            ...{ step: step + 1, loss: 1 / (step + 1), accuracy: step / 100, measures: { cosine: 0.5 } },
          })),
  };
}

type Point = Pick<AttackReport, 'target' | 'surrogate' | 'epsilon' | 'parameters'>;

function cellOf(attack: string, point: Point, success: number): AttackReport {
  return {
    ...{
      cell: attack,
      attack,
      norm: 'linf',
      goal: null,
      adaptive: false,
      samples: 100,
      evaluated: 100,
      access: 'logits',
      choice: null,
    },
    ...point,
    success: estimate(success),
    successBoth: { ...estimate(success), samples: 90 },
    successRounded: estimate(success),
    ...{ queries: null, surrogateQueries: 10, gradients: null, distortion: null },
  };
}

function transferOf(
  target: string,
  surrogate: string,
  epsilon: number,
  at: number,
  index: number,
): AttackReport {
  return cellOf('pgd', { target, surrogate, epsilon, parameters: { steps: 10 + at } }, 0.9 / (index + 1));
}

const GRID = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1500];

function searchOf(
  target: string,
  surrogate: string | null,
  epsilon: number,
  at: number,
  index: number,
): AttackReport {
  const median = surrogate === null ? 700.5 : 15.5 * (index + 1);
  const attack = surrogate === null ? 'rgf' : 'p-rgf';
  return {
    ...cellOf(attack, { target, surrogate, epsilon, parameters: { samples: 50 + at } }, 0.9),
    queries: {
      ...{ budget: 1500, mean: median, median, medianAll: median, p90: 900 },
      ...{ medianInterval: { low: 10, high: 900 }, medianAllInterval: { low: 10, high: 900 } },
      cdf: GRID.map((queries) => {
        const share = queries / (queries + median);
        return { queries, ofSuccesses: share, ofSamples: share };
      }),
    },
  };
}

function amplified({ target, surrogate, attack, parameters, epsilon }: AttackReport): AmplificationReport {
  return {
    ...{ target, surrogate: surrogate ?? '', attack, parameters, epsilon, norm: 'linf', baseline: 'none' },
    ...{ baselineSurrogate: null, baselineAttack: 'rgf', samples: 90 },
    queryRatio: { value: 8.1, low: 5.2, high: 10.9, bound: null },
    successRatio: { value: 1, low: 0.9, high: 1.1 },
  };
}

function similarityOf(target: string, surrogate: string, at: number): Report['similarity'][number] {
  const health = { samples: 100, vanished: 0, invalid: 0 };
  const both = { surrogate: estimate(1), target: estimate(1) };
  return {
    ...{ target, surrogate, samples: 100, gradientNormRatio: 1, gradientNormRatioInterval: null },
    gradientCosine: {
      ...{ mean: 0.9 / (at + 1), low: 0.1, high: 0.95, meanAbsolute: 0.9 },
      meanAbsoluteInterval: { low: 0.8, high: 0.95 },
    },
    ...{ gradientNorm: both, gradients: { surrogate: health, target: health }, curvature: both },
    ...{ agreement: 0.9, agreementInterval: { low: 0.8, high: 0.95 } },
    ...{ klDivergence: estimate(0.1), logitCorrelation: estimate(0.9), gradientStructure: null },
    ...{ linearCka: null, noised: null, adversarial: null },
  };
}
