import type { AttackRun } from '@unpair/attacks';
import type { DifferentiableClassifier, Sample } from '@unpair/classifiers';

/** One request that an attack made, with a copy of its inputs and what the models answered. */
export interface Exchange {
  readonly kind: 'query' | 'gradient';
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
    const { kind, inputs, count } = step.value;
    if (kind === 'query') remaining -= count;
    if (remaining < 0) break;
    const copies = Array.from({ length: count }, (_, row) =>
      inputs.slice(row * input.length, (row + 1) * input.length),
    );
    if (kind === 'query') {
      const logits = await model.logits(inputs, count);
      exchanges.push({ kind, inputs: copies, logits });
      step = run.next({ kind, logits, labels: Int32Array.from(copies, () => label), remaining });
    } else {
      const labels = new Int32Array(count).fill(label);
      const answer = await model.gradients(inputs, { kind: 'cross-entropy', labels }, count);
      exchanges.push({ kind, inputs: copies, logits: answer.logits });
      step = run.next({ kind, ...answer });
    }
  }
  return exchanges;
}
