import { attacks, runAttack } from '@unpair/attacks';
import type { Classifier, DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { mean } from '@unpair/numerics';
import type { Match } from './matches.js';

/** What one side did with the samples of a match. */
export interface Outcome {
  readonly seconds: number;
  /** Seconds of a core: what is left of a comparison on a machine that others use too. */
  readonly processor: number;
  readonly success: readonly boolean[];
  /** How far what was found is, in l2. */
  readonly l2: readonly number[];
  /** Evaluations of the target for one sample, on average. */
  readonly queries: number;
}

export interface OurModels {
  readonly target: Classifier;
  readonly surrogate: DifferentiableClassifier;
}

/** Our side of a match, on one thread. */
export async function ourSide(
  { attack, threat, parameters }: Match,
  { target, surrogate }: OurModels,
  samples: readonly Sample[],
  budget: number | undefined,
): Promise<Outcome> {
  const definition = attacks.get(attack);
  if (definition === undefined) throw new RangeError(`no attack is called "${attack}"`);
  const [start, before] = [performance.now(), process.cpuUsage()];
  const rows = await runAttack({
    ...{ definition, target, samples, threat, seed: 1, cell: attack, batchSize: 64 },
    parameters: budget === undefined ? parameters : { ...parameters, budget },
    surrogates: definition.needsSurrogate ? [surrogate] : [],
  });
  const { user, system } = process.cpuUsage(before);
  return {
    seconds: (performance.now() - start) / 1000,
    processor: (user + system) / 1e6,
    success: rows.map((row) => row.success),
    l2: rows.map((row) => row.l2),
    // The clean input, which is no query, is evaluated by the tools too.
    queries: mean(rows.map((row) => row.queries)),
  };
}
