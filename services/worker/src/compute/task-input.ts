import { UnpairError } from '@unpair/errors';
import { inputs, type SampleSet } from '@unpair/datasets';
import type { ModelRef, SampleRange } from '@unpair/protocol';
import { consecutiveSamples, type Classifier, type Sample } from '@unpair/classifiers';
import { ACCESSES, CLASS_RULES, EVERYTHING, type GoalChoice, type Offer } from '@unpair/attacks';
import { BACKWARD_PARAMETERS, usedAs, surrogateOf, type Surrogate } from '@unpair/campaign';
import { FUSIONS, type Fusion } from '@unpair/classifiers';
import { type Backward } from '@unpair/graph';
import { type Norm } from '@unpair/numerics';
import { type Parameters } from '@unpair/parameters';

/** @throws {UnpairError} naming the part of the task that is missing. */
export function present<T extends ModelRef | SampleRange>(value: T | undefined, part: string): T {
  const isElsewhere = value !== undefined && 'endpoint' in value && value.endpoint !== undefined;
  if (value === undefined || (value.digest === '' && !isElsewhere))
    throw new UnpairError('INVALID_ARGUMENT', `The task names no ${part}.`);
  return value;
}

/** @throws {UnpairError} unless the set has every sample of the range. */
export function assertRange(set: SampleSet, { first, count }: SampleRange): void {
  if (count >= 1 && first >= 0 && first + count <= set.count) return;
  const message = `Samples ${first} to ${first + count - 1} are not all among the ${set.count} of the sample set.`;
  throw new UnpairError('OUT_OF_RANGE', message);
}

/** The samples of a task's range, with their positions in the data set. */
export function samplesIn(set: SampleSet, range: SampleRange): readonly Sample[] {
  assertRange(set, range);
  const { first, count } = range;
  return consecutiveSamples(first, inputs(set, first, count), set.labels.subarray(first, first + count));
}

/** Checks that a model takes these images and knows these labels. */
export function assertFits(model: string, classifier: Classifier, set: SampleSet): void {
  const [own, theirs] = [classifier.shape, set.shape].map((shape) => `[${shape.join(', ')}]`);
  if (own !== theirs) {
    throw new UnpairError(
      'INVALID_ARGUMENT',
      `Model "${model}" takes inputs [C, H, W] = ${own}, but the samples are ${theirs}.`,
    );
  }
  if (classifier.classes < set.classes) {
    const message = `Model "${model}" has ${classifier.classes} classes, but the samples have ${set.classes}.`;
    throw new UnpairError('INVALID_ARGUMENT', message);
  }
}

/** Parameters as the task carries them: canonical JSON. */
export function parseParameters(text: string): Parameters {
  try {
    return JSON.parse(text === '' ? '{}' : text) as Parameters;
  } catch {
    throw new UnpairError('INVALID_ARGUMENT', `The task's parameters are not JSON: ${text.slice(0, 100)}.`);
  }
}

/**
 * What a task names that this worker does not know: one of another version may, so that the task is handed back for it.
 * Campaigns are checked before their tasks are made.
 */
export function unknown(what: string, name: string, known: Iterable<string>): UnpairError {
  const message = `${what} "${name}" is not among those this worker knows: ${[...known].join(', ')}.`;
  return new UnpairError('UNIMPLEMENTED', message);
}

/** @throws {UnpairError} UNIMPLEMENTED where a task gives a parameter that the definition of what it asks for lacks. */
export function assertKnown(what: string, given: Parameters, known: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) throw unknown(`Parameter of ${what}`, name, Object.keys(known));
  }
}

/** @throws {UnpairError} UNIMPLEMENTED for the name of no norm. */
export function normOf(name: string): Norm {
  if (name === 'linf' || name === 'l2') return name;
  throw unknown('Norm', name, ['linf', 'l2']);
}

/** How much of its answers a model gives where it is asked. @throws {UnpairError} UNIMPLEMENTED for what is no access. */
export function offerOf({ access }: Pick<ModelRef, 'access'>): Offer {
  if (access === undefined) return EVERYTHING;
  const { kind, k, decimals } = access;
  const rounded = decimals === undefined ? {} : { decimals };
  if (kind === 'labels' || kind === 'logits') return { access: kind };
  if (kind === 'scores') return { access: kind, ...rounded };
  if (kind === 'top-k') return { access: kind, k, ...rounded };
  throw unknown('Access', kind, ACCESSES);
}

/** @param reach the class to reach, as tasks have it: empty for none. @throws {UnpairError} UNIMPLEMENTED for what is no class. */
export function goalChoiceOf(reach: string): GoalChoice {
  if (reach === '') return 'avoid';
  const rule = CLASS_RULES.find((name) => name === reach);
  if (rule !== undefined) return { reach: rule };
  if (/^\d+$/.test(reach)) return { reach: Number(reach) };
  throw unknown('Class to reach', reach, ['a number', ...CLASS_RULES]);
}

/** What of several surrogates is averaged. @throws {UnpairError} UNIMPLEMENTED for what is no fusion. */
export function fusionOf(text: string | undefined): Fusion {
  if (text === undefined) return 'losses';
  const fusion = FUSIONS.find((name) => name === text);
  if (fusion !== undefined) return fusion;
  throw unknown('Fusion', text, FUSIONS);
}

/** How gradients of a model are taken; undefined for derivatives. @throws {UnpairError} UNIMPLEMENTED for what is no rule. */
export function backwardOf({ backward }: Pick<ModelRef, 'backward'>): Backward | undefined {
  if (backward === undefined) return undefined;
  const { rule = '', ...parameters } = parseParameters(backward);
  const known = Object.entries(BACKWARD_PARAMETERS).find(([name]) => name === rule)?.[1];
  if (known === undefined) throw unknown('Rule', String(rule), Object.keys(BACKWARD_PARAMETERS));
  assertKnown(String(rule), parameters, known);
  return { rule, ...parameters } as Backward;
}

/** The surrogate that the models of a task are, as the campaign calls it. */
export function surrogateNamed(models: readonly ModelRef[], fusion: Fusion): Surrogate {
  const backward = models[0] && backwardOf(models[0]);
  return usedAs(surrogateOf(...models.map(({ id }) => id)), {
    ...(fusion !== 'losses' && { fusion }),
    ...(backward !== undefined && { backward }),
  });
}
