import type { Graph } from '@unpair/graph';
import { encodeModel, membersOf } from '@unpair/graph';
import { createRuntime } from '@unpair/runtime';
import { deriveSibling } from '@unpair/siblings';
import type { Parameters } from '@unpair/parameters';
import type { Checkpoints } from '@unpair/training';
import { expect, it } from 'vitest';
import { brightSamples } from '../../../training/test/support/bright-samples.js';
import { MemoryCheckpoints } from '../../../training/test/support/memory-checkpoints.js';
import { parametersOf, siblingCalled } from '../../../training/test/support/sibling-parameters.js';
import { trainedResnet } from '../../../training/test/support/trained-resnet.js';

const runtime = await createRuntime();
const samples = brightSamples();
const graph = await trainedResnet(runtime);
const walk = { epochs: 2, batch: 32, samples: 128, snapshots: 4 };

function derive(
  name: string,
  given: Parameters,
  checkpoints?: Checkpoints,
  signal?: AbortSignal,
): Promise<Graph> {
  const parameters = parametersOf(name, { ...walk, ...given });
  return deriveSibling(siblingCalled(name), {
    graph,
    runtime,
    samples,
    parameters,
    seed: 1,
    checkpoints,
    signal,
  });
}

/** A model's weights, in the order of their names in it. */
const floats = (model: Graph): readonly Float32Array[] =>
  [...model.initializers]
    .map(([name, { data }]) => [name.replace(/^member\d+\//, ''), data] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, data]) => (data instanceof Float32Array ? [data] : []));

/** Euclidean distance of two models' weights. */
const apart = (one: Graph, other: Graph): number => {
  const theirs = floats(other);
  const squares = floats(one).map((data, at) =>
    data.reduce((sum, w, i) => sum + (w - (theirs[at]?.[i] ?? 0)) ** 2, 0),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
};

it('lgv keeps states of one walk, which goes on at the same rate to its end', async () => {
  const members = membersOf(await derive('lgv', {}));
  expect(members).toHaveLength(4);
  const steps = members.slice(1).map((member, at) => apart(member, members[at] ?? member));
  // A rate that falls along a cosine would make the last quarter of the way less than a tenth of the second.
  expect(Math.min(...steps)).toBeGreaterThan(0.2 * Math.max(...steps));
  expect(Math.min(...steps)).toBeGreaterThan(0);
});

it('lgv has the same states after it was interrupted', async () => {
  const whole = await derive('lgv', {});
  const controller = new AbortController();
  const checkpoints = new MemoryCheckpoints(1000);
  let step = 0;
  const dying: Checkpoints = {
    load: () => checkpoints.load(),
    save: (bytes) => checkpoints.save(bytes),
    isDue: () => {
      if (++step === 5) controller.abort(new Error('killed'));
      return false;
    },
  };
  await expect(derive('lgv', {}, dying, controller.signal)).rejects.toThrow('killed');
  expect(encodeModel(await derive('lgv', {}, checkpoints))).toEqual(encodeModel(whole));
});

it('mba draws around the mean of the walk: closer with less spread, at it with none', async () => {
  const [none, less, more] = [
    membersOf(await derive('mba', { draws: 2, spread: 0 })),
    membersOf(await derive('mba', { draws: 2, spread: 0.5 })),
    membersOf(await derive('mba', { draws: 2, spread: 1 })),
  ];
  const [center = graph, again = graph] = none;
  expect(apart(center, again)).toBe(0);
  const [near, far] = [less, more].map(([draw = graph]) => apart(draw, center));
  expect((far ?? 0) / (near ?? 1)).toBeCloseTo(2, 3);
  expect(apart(more[0] ?? graph, more[1] ?? graph)).toBeGreaterThan(0);
});

it('lgv takes a quantized model for the floats behind it', async () => {
  const quantize = siblingCalled('quantize');
  const parameters = parametersOf('quantize', { calibration: 64 });
  const int8 = await deriveSibling(quantize, { graph, runtime, samples, parameters, seed: 1 });
  const request = { graph: int8, runtime, samples, parameters: parametersOf('lgv', walk), seed: 1 };
  const members = membersOf(await deriveSibling(siblingCalled('lgv'), request));
  expect(members).toHaveLength(4);
  expect(members.flatMap(({ nodes }) => nodes.map(({ op }) => op))).not.toContain('QuantizeLinear');
});
