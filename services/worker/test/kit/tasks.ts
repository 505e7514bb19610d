import { canonicalJson } from '@unpair/campaign';
import type { AttackTask, SampleRange, Task } from '@unpair/protocol';
import { siblings } from '@unpair/siblings';
import type { ParameterValue } from '@unpair/parameters';
import type { Artefact, Fixture } from './tiny-model.js';

const ref = (id: string, { digest }: Artefact) => ({ id, digest });

function task(index: number, work: Task['work']): Task {
  return { campaignId: 'test', index, round: 0, generation: 0, seed: 7, work };
}

/** The samples of a task: all of the fixture's unless said. */
export interface Range {
  readonly first?: number;
  readonly count?: number;
}

function range({ samples, set }: Fixture, { first = 0, count = set.count - first }: Range) {
  return { digest: samples.digest, first, count };
}

export function accuracyTask(index: number, fixture: Fixture, where: Range = {}): Task {
  const value = { model: ref('full', fixture.target), samples: range(fixture, where) };
  return task(index, { $case: 'accuracy', value });
}

export function quantizeTask(index: number, fixture: Fixture): Task {
  const parameters = canonicalJson({
    weights: 8,
    activations: 8,
    granularity: 'channel',
    scheme: 'asymmetric',
    calibration: 16,
    ranges: 'min-max',
    'finetune.epochs': 0,
  });
  const calibration = range(fixture, { count: 16 });
  const models = { of: ref('full', fixture.target), from: undefined };
  const samples = { calibration, heldOut: undefined };
  const value = { model: 'int8', kind: 'quantize', ...models, parameters, ...samples };
  return task(index, { $case: 'derive', value });
}

/** Prunes half of the weights, and trains as `given` says. */
export function pruneTask(
  index: number,
  fixture: Fixture,
  given: Readonly<Record<string, number | string>>,
): Task {
  const parameters = canonicalJson({
    ...defaultsOf('prune'),
    sparsity: 0.5,
    'finetune.epochs': 1,
    'finetune.optimizer': 'adam',
    'finetune.rate': 0.001,
    'finetune.batch': 10,
    'finetune.samples': 20,
    'finetune.augment': 'none',
    ...given,
  });
  const models = { of: ref('full', fixture.target), from: undefined };
  const samples = { calibration: range(fixture, {}), heldOut: undefined };
  const value = { model: 'pruned', kind: 'prune', ...models, parameters, ...samples };
  return task(index, { $case: 'derive', value });
}

/** Unpairs the target from the stranger, and trains as `given` says, measuring on `heldOut` where it is given. */
export function unpairTask(
  index: number,
  fixture: Fixture,
  given: Readonly<Record<string, number | string>>,
  heldOut?: SampleRange,
): Task {
  const parameters = canonicalJson({
    ...defaultsOf('unpair'),
    ...{ adversarial: 0.5, epsilon: 0.03, heldOut: 0, optimizer: 'adam' },
    ...{ crossEntropy: 1, distillation: 0, cosine: 1 },
    ...{ epochs: 1, rate: 0.001, batch: 10, samples: 20, augment: 'none' },
    ...given,
  });
  const models = { of: ref('full', fixture.target), from: ref('stranger', fixture.surrogate) };
  const samples = { calibration: range(fixture, {}), heldOut };
  const value = { model: 'unpaired', kind: 'unpair', ...models, parameters, ...samples };
  return task(index, { $case: 'derive', value });
}

/** The parameters of a way of deriving, as the plan fills them in where a campaign file says nothing. */
function defaultsOf(kind: string): Readonly<Record<string, ParameterValue>> {
  const definition = siblings.find(({ name }) => name === kind);
  return Object.fromEntries(
    Object.entries(definition?.parameters ?? {}).map(([name, spec]) => [name, spec.default]),
  );
}

/** Imitates the target from the stranger, asking about the first fifteen samples, and trains as `given` says. */
export function imitateTask(
  index: number,
  fixture: Fixture,
  given: Readonly<Record<string, number | string>>,
): Task {
  const parameters = canonicalJson({
    ...defaultsOf('imitate'),
    ...{ queries: 15, epochs: 100, rate: 0.02, batch: 10, augment: 'none', optimizer: 'adam' },
    ...given,
  });
  const models = { of: ref('stranger', fixture.surrogate), from: ref('full', fixture.target) };
  const samples = { calibration: range(fixture, {}), heldOut: undefined };
  const value = { model: 'copy', kind: 'imitate', ...models, parameters, ...samples };
  return task(index, { $case: 'derive', value });
}

export function maskingTask(index: number, fixture: Fixture, where: Range = {}): Task {
  const settings = { norm: 'linf', epsilon: 0.05 };
  const value = { model: ref('full', fixture.target), samples: range(fixture, where), ...settings };
  return task(index, { $case: 'masking', value });
}

export function similarityTask(index: number, fixture: Fixture, where: Range = {}): Task {
  const { target, surrogate } = fixture;
  const models = { surrogates: [ref('stranger', surrogate)], target: ref('full', target) };
  const settings = { inputs: 'adversarial', norm: 'linf', epsilon: 0.05 };
  return task(index, {
    $case: 'similarity',
    value: { ...models, ...settings, samples: range(fixture, where) },
  });
}

export function alignmentTask(index: number, fixture: Fixture): Task {
  const models = { surrogate: ref('stranger', fixture.surrogate), target: ref('full', fixture.target) };
  return task(index, { $case: 'alignment', value: { ...models, samples: range(fixture, {}) } });
}

export function attackTask(
  index: number,
  fixture: Fixture,
  options: Partial<AttackTask> & { readonly where?: Range } = {},
): Task {
  const { where = {}, ...overrides } = options;
  const value: AttackTask = {
    cell: 'cell',
    target: ref('full', fixture.target),
    surrogates: [ref('stranger', fixture.surrogate)],
    attack: 'p-rgf',
    parameters: '{"budget":300,"samples":10}',
    norm: 'linf',
    epsilon: 0.05,
    samples: range(fixture, where),
    reach: '',
    ...overrides,
  };
  return task(index, { $case: 'attack', value });
}

/** An attack that cannot succeed and spends all of a large budget: some seconds. */
export function longTask(index: number, fixture: Fixture, budget = 60_000): Task {
  return attackTask(index, fixture, {
    cell: 'long',
    attack: 'square',
    surrogates: [],
    parameters: JSON.stringify({ budget }),
    epsilon: 1e-5,
  });
}
