import type { AttackRun } from '@unpair/attacks';
import type { DifferentiableClassifier, Objective, Sample } from '@unpair/classifiers';
import type { SampleObjective } from '../../src/attack.js';

/** One request that an attack made, with a copy of its inputs and what the models answered. */
export interface Exchange {
  readonly kind: 'query' | 'gradient' | 'forward';
  readonly inputs: readonly Float32Array[];
  readonly logits: Float32Array;
}

/** Runs an attack alone, without oracle or scheduler: no success ends it, only its budget or `requests` requests. */
export async function drive(
  run: AttackRun,
  model: DifferentiableClassifier,
  { label, input }: Sample,
  { budget = Infinity, requests = Infinity } = {},
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  let remaining = budget;
  for (let step = run.next(); step.done !== true && exchanges.length < requests;) {
    const request = step.value;
    const { kind, inputs, count } = request;
    if (kind === 'query') remaining -= count;
    if (remaining < 0) break;
    const copies = Array.from({ length: count }, (_, row) =>
      inputs.slice(row * input.length, (row + 1) * input.length),
    );
    if (kind === 'query') {
      const logits = await model.logits(inputs, count);
      exchanges.push({ kind, inputs: copies, logits });
      step = run.next({ kind, logits, labels: Int32Array.from(copies, () => label), remaining });
    } else if (request.kind === 'forward') {
      const logits = await model.logits(inputs, count);
      exchanges.push({ kind, inputs: copies, logits });
      step = run.next({ kind: 'forward', logits });
    } else {
      const answer = await model.gradients(inputs, together(request.objective, label, count), count);
      exchanges.push({ kind, inputs: copies, logits: answer.logits });
      step = run.next({ kind: 'gradient', ...answer });
    }
  }
  return exchanges;
}

/** The objective of one sample for `count` inputs; the cross-entropy is that of the sample's label. */
function together(objective: SampleObjective, label: number, count: number): Objective {
  if (objective.kind === 'cross-entropy') {
    return { kind: objective.kind, labels: new Int32Array(count).fill(label) };
  }
  if (objective.kind === 'decayed-features') {
    const { kind, reference, share } = objective;
    const references = Float32Array.from(
      { length: count * reference.length },
      (_, i) => reference[i % reference.length] ?? 0,
    );
    const [labels, shares] = [new Int32Array(count).fill(label), new Float32Array(count).fill(share)];
    return { kind, labels, references, shares };
  }
  const { length } = objective.weights;
  const weights = Float32Array.from({ length: count * length }, (_, i) => objective.weights[i % length] ?? 0);
  return { kind: objective.kind, weights };
}
