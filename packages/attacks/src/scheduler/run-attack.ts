import type { AttackDefinition } from '../attack.js';
import type { Parameters } from '@unpair/parameters';
import { resolveParameters } from '@unpair/parameters';
import type { Classifier, DifferentiableClassifier, Sample } from '@unpair/classifiers';
import { roundTo8Bits } from '../eight-bits.js';
import { argmax } from '@unpair/classifiers';
import { Oracle } from '../oracle.js';
import { createRandom } from '@unpair/numerics';
import { UnpairError } from '@unpair/errors';
import type { Threat } from '@unpair/numerics';
import { distance, isAdmissible } from '@unpair/numerics';
import type { AttackRow } from './attack-row.js';
import { evaluateAll } from '@unpair/classifiers';
import { SampleRun } from './sample-run.js';
import { runAll } from './scheduler.js';

/** What one attack on one set of samples takes. */
export interface AttackOptions {
  readonly definition: AttackDefinition;
  /** As in the campaign file; what is absent or null takes its default. */
  readonly parameters: Parameters;
  readonly target: Classifier;
  /** The published sibling; null for attacks that need none. */
  readonly surrogate: DifferentiableClassifier | null;
  readonly samples: readonly Sample[];
  readonly threat: Threat;
  /** The campaign's seed. */
  readonly seed: number;
  /** Identity of the cell. With the seed and a sample's index it determines every random choice. */
  readonly cell: string;
  /** Inputs that the models evaluate at a time; results do not depend on it. Default 64. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called whenever samples are done. */
  readonly onProgress?: ((progress: AttackProgress) => void) | undefined;
}

export interface AttackProgress {
  readonly done: number;
  readonly samples: number;
  /** Queries to the target in the samples that are done. */
  readonly queries: number;
}

/**
 * Attacks every sample that the target classifies correctly; one row a sample, in their order. Rows are a pure function
 * of models, samples, parameters, threat, seed and cell.
 *
 * @throws {UnpairError} when parameters, norm or surrogate do not fit the attack
 * @throws the signal's reason once it is aborted
 */
export async function runAttack(options: AttackOptions): Promise<readonly AttackRow[]> {
  const { definition, threat, target, surrogate, samples, batchSize = 64, signal } = options;
  assertSuits(options);
  const resolution = resolveParameters(definition, options.parameters, threat);
  if (!resolution.ok) {
    const problems = resolution.problems.map(({ parameter, description }) => `${parameter} ${description}`);
    throw new UnpairError('INVALID_ARGUMENT', `${definition.name}: ${problems.join('; ')}`);
  }
  const inputs = samples.map(({ input }) => input);
  const batches = { batchSize, signal };
  const clean = await evaluateAll(target, inputs, batches);
  const surrogateClean = surrogate === null ? null : await evaluateAll(surrogate, inputs, batches);
  const runs = samples.map((sample, row) =>
    startRun(sample, clean[row] ?? new Float32Array(), resolution.parameters, options),
  );
  await runAll(
    runs.filter((run) => run !== null),
    { target, surrogate, batchSize, signal, onDone: progressReporter(options) },
  );
  const rounded = await roundedSuccesses(runs, options, batches);
  return samples.map((sample, row) => {
    const logits = surrogateClean?.[row];
    return {
      sample: sample.index,
      label: sample.label,
      surrogateCorrect: logits !== undefined && argmax(logits) === sample.label,
      ...outcome(runs[row] ?? null, rounded),
    };
  });
}

function assertSuits({ definition, threat, surrogate, batchSize = 1, target, samples }: AttackOptions): void {
  const { name, norms, needsSurrogate } = definition;
  if (!norms.includes(threat.norm)) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `${name} has no ${threat.norm} form; it has: ${norms.join(', ')}`,
    );
  }
  if (!(threat.epsilon > 0 && Number.isFinite(threat.epsilon))) {
    throw new UnpairError('INVALID_ARGUMENT', `epsilon must be above 0, got ${threat.epsilon}`);
  }
  if (needsSurrogate && surrogate === null)
    throw new UnpairError('INVALID_ARGUMENT', `${name} needs a surrogate`);
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new UnpairError('INVALID_ARGUMENT', `batchSize must be an integer of at least 1, got ${batchSize}`);
  }
  const size = target.shape.reduce((product, side) => product * side, 1);
  const misfit = samples.find(
    ({ input, label }) => input.length !== size || !(label >= 0 && label < target.classes),
  );
  if (misfit !== undefined) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `sample ${misfit.index} has ${misfit.input.length} values and label ${misfit.label}; ` +
        `the target takes ${size} values and has ${target.classes} classes`,
    );
  }
}

/** The run of one sample, or null for a sample that the target gets wrong unprovoked. */
function startRun(
  sample: Sample,
  logits: Float32Array,
  parameters: Parameters,
  { definition, threat, target, seed, cell }: AttackOptions,
): SampleRun | null {
  if (argmax(logits) !== sample.label) return null;
  const { input, label, index } = sample;
  const { shape, classes } = target;
  const { budget } = parameters;
  const oracle = new Oracle(sample, threat, typeof budget === 'number' ? budget : Infinity);
  const problem = { ...threat, input, shape, label, classes, logits };
  const random = createRandom({ seed, cell, sample: index });
  return new SampleRun(sample, oracle, definition.run(problem, parameters, random));
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

/** The runs whose adversarial example survives rounding to 8 bits: it still fools the target, and within the ball. */
async function roundedSuccesses(
  runs: readonly (SampleRun | null)[],
  { target, threat }: Pick<AttackOptions, 'target' | 'threat'>,
  batches: { readonly batchSize: number; readonly signal: AbortSignal | undefined },
): Promise<ReadonlySet<SampleRun>> {
  const candidates = runs.flatMap((run) => {
    const adversarial = run?.oracle.adversarial ?? null;
    if (run === null || adversarial === null) return [];
    const input = roundTo8Bits(adversarial, run.sample.input, threat);
    return isAdmissible(input, run.sample.input, threat) ? [{ run, input }] : [];
  });
  const inputs = candidates.map(({ input }) => input);
  const logits = await evaluateAll(target, inputs, batches);
  const fooling = candidates.filter(
    ({ run }, row) => argmax(logits[row] ?? new Float32Array()) !== run.sample.label,
  );
  return new Set(fooling.map(({ run }) => run));
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
    success: adversarial !== null,
    successRounded: run !== null && rounded.has(run),
    queries: run?.oracle.queries ?? 0,
    surrogateQueries: run?.surrogateQueries ?? 0,
    linf,
    l2,
  };
}
