import type { Access } from '../access.js';
import { EVERYTHING, observer } from '../access.js';
import type { Parameters } from '@unpair/parameters';
import { numberOf, resolveParameters } from '@unpair/parameters';
import type { Sample } from '@unpair/classifiers';
import { roundTo8Bits } from '../eight-bits.js';
import { limited } from '../limited.js';
import { argmax } from '@unpair/classifiers';
import type { Goal } from '../goal.js';
import { goalOf, isReached } from '../goal.js';
import { Oracle, told } from '../oracle.js';
import { createRandom } from '@unpair/numerics';
import { UnpairError } from '@unpair/errors';
import { distance, isAdmissible } from '@unpair/numerics';
import type { AttackOptions } from './attack-options.js';
import type { AttackRow } from './attack-row.js';
import type { BatchOptions } from '@unpair/classifiers';
import { evaluateAll, meanOf } from '@unpair/classifiers';
import { SampleRun } from './sample-run.js';
import { runAll } from './scheduler.js';
import { assertSuits } from './suits.js';

/** A sample that a run is about, and how it stands before the attack. */
interface Case {
  readonly sample: Sample;
  readonly goal: Goal;
  /** The target's logits of the clean input. */
  readonly clean: Float32Array;
  readonly surrogateCorrect: boolean;
}

/**
 * Attacks every sample that the target classifies correctly; one row a sample, in their order. Where the goal is one
 * class, samples that have it for a label are left out, and have no row. Rows are a pure function of models, samples,
 * parameters, threat, goal, seed and cell.
 *
 * @throws {UnpairError} when parameters, norm, goal, target or surrogates do not fit the attack
 * @throws the signal's reason once it is aborted
 */
export async function runAttack<A extends Access>(given: AttackOptions<A>): Promise<readonly AttackRow[]> {
  assertSuits(given);
  const { definition, threat, surrogates, offer = EVERYTHING, batchSize = 64, signal } = given;
  // Whoever asks the target from here on, the judge included, sees no more than it gives.
  const target = limited(given.target, offer);
  const options = { ...given, target };
  const resolution = resolveParameters(definition, options.parameters, threat);
  if (!resolution.ok) {
    const problems = resolution.problems.map(({ parameter, description }) => `${parameter} ${description}`);
    throw new UnpairError('INVALID_ARGUMENT', `${definition.name}: ${problems.join('; ')}`);
  }
  const batches = { batchSize, signal };
  const cases = await casesOf(options, batches);
  const runs = cases.map((one) => startRun(one, resolution.parameters, options));
  const asked = { ...told(target, options.onQueries), shape: target.shape, classes: target.classes };
  await runAll(
    runs.filter((run) => run !== null),
    { target: asked, surrogates, batchSize, signal, onDone: progressReporter(options) },
  );
  const rounded = await roundedSuccesses(cases, runs, options, batches);
  return cases.map(({ sample, surrogateCorrect }, row) => ({
    sample: sample.index,
    label: sample.label,
    surrogateCorrect,
    ...outcome(runs[row] ?? null, rounded),
  }));
}

/** Evaluates all models on the clean inputs, and gives every sample its goal. */
async function casesOf(
  { target, surrogates, samples, goal = 'avoid', seed }: AttackOptions,
  batches: BatchOptions,
): Promise<readonly Case[]> {
  const inputs = samples.map(({ input }) => input);
  const targets = await evaluateAll(target, inputs, batches);
  const others: (readonly Float32Array[])[] = [];
  for (const surrogate of surrogates) others.push(await evaluateAll(surrogate, inputs, batches));
  return samples.flatMap((sample, row) => {
    const clean = targets[row] ?? new Float32Array();
    // Of the sample alone: what one attack is after, all others are.
    const random = createRandom({ seed, cell: 'goal', sample: sample.index });
    const own = goalOf(goal, sample.label, clean, (bound) => random.integer(bound));
    if (own === null) return [];
    const logits = others.map((rows) => rows[row] ?? new Float32Array());
    const surrogateCorrect = logits.length > 0 && argmax(meanOf(logits)) === sample.label;
    return [{ sample, goal: own, clean, surrogateCorrect }];
  });
}

/** The run of one sample, or null for a sample that the target gets wrong unprovoked. */
function startRun<A extends Access>(
  { sample, goal, clean }: Case,
  parameters: Parameters,
  { definition, threat, target, offer = EVERYTHING, surrogates, seed, cell }: AttackOptions<A>,
): SampleRun<A> | null {
  if (argmax(clean) !== sample.label) return null;
  const { finds, access } = definition;
  const budget = definition.budget === null ? 1 : numberOf(parameters, definition.budget);
  const oracle = new Oracle({ sample, goal, threat, finds, budget });
  const observe = observer(access, offer);
  const { input, index } = sample;
  const { shape, classes } = target;
  const sizes = { shape, classes, surrogates: surrogates.length };
  const problem = { ...threat, ...sizes, input, goal, clean: observe(clean, 1) };
  const random = createRandom({ seed, cell, sample: index });
  const attack = definition.run(problem, parameters, random);
  return new SampleRun({ sample, oracle, attack, observe });
}

function progressReporter({ samples, onProgress }: AttackOptions): (run: SampleRun) => void {
  let done = 0;
  let queries = 0;
  return ({ oracle }) => {
    done++;
    queries += oracle.queries;
    onProgress?.({ done, samples: samples.length, queries });
  };
}

/** The runs whose adversarial example survives rounding to 8 bits: it still reaches the goal, and within the ball. */
async function roundedSuccesses(
  cases: readonly Case[],
  runs: readonly (SampleRun | null)[],
  { target, threat }: Pick<AttackOptions, 'target' | 'threat'>,
  batches: BatchOptions,
): Promise<ReadonlySet<SampleRun>> {
  const candidates = cases.flatMap(({ sample, goal }, row) => {
    const run = runs[row] ?? null;
    const adversarial = run?.oracle.adversarial ?? null;
    if (run?.oracle.isSuccess !== true || adversarial === null) return [];
    const input = roundTo8Bits(adversarial, sample.input, threat);
    return isAdmissible(input, sample.input, threat) ? [{ run, goal, input }] : [];
  });
  const inputs = candidates.map(({ input }) => input);
  const logits = await evaluateAll(target, inputs, batches);
  const reaching = candidates.filter(({ goal }, row) =>
    isReached(goal, argmax(logits[row] ?? new Float32Array())),
  );
  return new Set(reaching.map(({ run }) => run));
}

function outcome(
  run: SampleRun | null,
  rounded: ReadonlySet<SampleRun>,
): Omit<AttackRow, 'sample' | 'label' | 'surrogateCorrect'> {
  const adversarial = run?.oracle.adversarial ?? null;
  const { linf, l2 } =
    run === null || adversarial === null ? { linf: 0, l2: 0 } : distance(adversarial, run.sample.input);
  return {
    cleanCorrect: run !== null,
    success: run?.oracle.isSuccess === true,
    successRounded: run !== null && rounded.has(run),
    queries: run?.oracle.queries ?? 0,
    surrogateQueries: run?.surrogateQueries ?? 0,
    linf,
    l2,
    zeroGradients: run?.zeroGradients ?? 0,
    invalidGradients: run?.invalidGradients ?? 0,
    surrogateForwards: run?.surrogateForwards ?? 0,
    distance100: run?.oracle.distanceAfter(100) ?? 0,
    distance300: run?.oracle.distanceAfter(300) ?? 0,
    distance1000: run?.oracle.distanceAfter(1000) ?? 0,
    distance3000: run?.oracle.distanceAfter(3000) ?? 0,
    distance10000: run?.oracle.distanceAfter(10_000) ?? 0,
  };
}
