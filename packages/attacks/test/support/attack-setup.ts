import type { AttackDefinition, AttackRun, Problem } from '@unpair/attacks';
import type { Sample } from '@unpair/classifiers';
import { argmax } from '@unpair/classifiers';
import type { Threat } from '@unpair/numerics';
import { attacks } from '@unpair/attacks';
import { createRandom } from '@unpair/numerics';
import { resolveParameters } from '@unpair/parameters';
import type { LinearClassifier } from '../../../classifiers/test/support/linear-classifier.js';

export function attack(name: string): AttackDefinition {
  const definition = attacks.get(name);
  if (definition === undefined) throw new Error(`no attack ${name}`);
  return definition;
}

/** What an attack on `sample` starts from. */
export async function problemOf(
  model: LinearClassifier,
  sample: Sample,
  threat: Threat,
): Promise<Problem<'logits'> & Problem<'labels'>> {
  const { input, label } = sample;
  const { shape, classes } = model;
  const logits = await model.logits(input, 1);
  const clean = { logits, labels: Int32Array.of(argmax(logits)) };
  return { ...threat, input, goal: { kind: 'avoid', label }, shape, classes, clean, surrogates: 1 };
}

/** Starts one attack by hand, with the given parameters and defaults for the rest. */
export function start(name: string, problem: Problem, raw: Record<string, unknown>, seed = 1): AttackRun {
  const resolution = resolveParameters(attack(name), raw, problem);
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.problems));
  return attack(name).run(problem, resolution.parameters, createRandom({ seed, cell: name, sample: 0 }));
}
