import { describe, expect, test } from 'vitest';
import { AccuracyGate, planCampaign } from '../src/index.js';
import { parsed, sentences, valid, catalogue } from './fixtures.js';

/** The gate of a file with two models from files and one that is made, each measured in three tasks. */
function gateOf(text = valid): { readonly gate: AccuracyGate; readonly kinds: readonly string[] } {
  const campaign = parsed(text);
  const plan = planCampaign(campaign, catalogue);
  const gate = new AccuracyGate(campaign, plan);
  const kinds = gate.tasks.map((index) => {
    const task = plan.task(index);
    return task.kind === 'accuracy' ? `${task.model} from ${task.samples.first}` : task.kind;
  });
  return { gate, kinds };
}

/** Answers to 60 samples of ten classes, all of them `predicted`. */
const always = (predicted: number) =>
  Array.from({ length: 60 }, (_, sample) => ({ label: sample % 10, predicted }));

const right = Array.from({ length: 60 }, (_, sample) => ({ label: sample % 10, predicted: sample % 10 }));

describe('the gate of a campaign', () => {
  test('is the accuracy of the models that come from files', () => {
    expect(gateOf().kinds).toEqual(
      ['full', 'stranger'].flatMap((model) => [0, 25, 50].map((first) => `${model} from ${first}`)),
    );
    // One that is made already comes from a file as well.
    const ready = valid.replace('{ quantize: { of: full } }', '{ quantize: { of: full }, ready: int8.onnx }');
    expect(gateOf(ready).kinds).toHaveLength(9);
  });

  test('is passed once all is measured, in any order', () => {
    const { gate } = gateOf();
    gate.count('stranger', right);
    gate.count('full', right);
    gate.count('int8', always(3));
    const [last, ...others] = gate.tasks;
    for (const task of others.toReversed()) expect(gate.end(task)).toBeUndefined();
    expect(gate.end(0)).toBeUndefined();
    expect(gate.end(last ?? -1)).toEqual([]);
    expect(gate.end(last ?? -1)).toBeUndefined();
  });

  test('is the end for models that answer by chance', () => {
    const { gate } = gateOf();
    gate.count('full', always(3));
    gate.count('stranger', right);
    expect(gate.tasks.map((task) => gate.end(task)).at(-1)).toEqual([
      'full is right on 6 of 60 samples (10.0 %), hardly better than guessing among 10 classes (10.0 %): check its ' +
        'layout, preprocessing (range, channels, mean, std) and the order of its classes, or say allow: [near-chance]',
    ]);
  });

  test('is passed by models that could not be measured', () => {
    const { gate } = gateOf();
    expect(gate.tasks.map((task) => gate.end(task)).at(-1)).toEqual([]);
  });

  test('stands open where the file allows it', () => {
    for (const allow of ['allow: [near-chance]', 'allow: near-chance']) {
      expect(gateOf(`${valid}${allow}\n`).kinds).toEqual([]);
    }
  });
});

test('what a file may allow is known', () => {
  expect(parsed(valid).allow).toEqual([]);
  expect(sentences(`${valid}allow: [near-chance, anything]\n`)).toEqual([
    'allow[1] must be near-chance, got "anything".',
  ]);
  expect(sentences(`${valid}allow: true\n`)).toEqual(['allow must be near-chance, got true.']);
});
