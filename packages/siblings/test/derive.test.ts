import type { Graph } from '@unpair/graph';
import { GraphBuilder, float32, int } from '@unpair/graph';
import type { Parameters } from '@unpair/parameters';
import { createRandom } from '@unpair/numerics';
import { deriveSibling } from '@unpair/siblings';
import { createRuntime } from '@unpair/runtime';
import { describe, expect, it } from 'vitest';
import { brightSamples } from '../../training/test/support/bright-samples.js';
import { parametersOf, siblingCalled } from '../../training/test/support/sibling-parameters.js';

const runtime = await createRuntime();
const samples = brightSamples();

/** A classifier that takes remainders of its features, which have no derivative here. */
function modular(): Graph {
  const builder = new GraphBuilder('modular');
  const random = createRandom({ seed: 1, cell: 'weights', sample: 0 });
  const dense = (input: string, rows: number, columns: number): string => {
    const weights = new Float32Array(rows * columns);
    random.fillNormal(weights);
    const constant = builder.initializer(`weights${rows}`, float32([rows, columns], weights));
    return builder.node('MatMul', [input, constant]);
  };
  const flat = builder.node('Flatten', [builder.input('image', 'float32', ['N', 3, 8, 8])]);
  const divisor = builder.initializer('divisor', float32([], [100]));
  const rest = builder.node('Mod', [dense(flat, 192, 8), divisor], { fmod: int(1) });
  builder.output(builder.rename(dense(rest, 8, 4), 'logits'), 'float32', ['N', 4]);
  return builder.build();
}

async function derived(name: string, given: Parameters): Promise<Graph> {
  const parameters = parametersOf(name, given);
  const graph = modular();
  return deriveSibling(siblingCalled(name), { graph, target: graph, runtime, samples, parameters, seed: 1 });
}

const sentence = 'operator Mod of node "mod_\\d" cannot be differentiated';

describe('a model that cannot be differentiated', () => {
  it.each([
    ['quantize', { calibration: 32 }],
    ['prune', { sparsity: 0.1 }],
  ])('has a sibling by %s without training, and is told so', async (name, parameters) => {
    const training = { ...parameters, 'finetune.epochs': 1, 'finetune.batch': 32 };
    await expect(derived(name, training)).rejects.toThrow(
      new RegExp(`^${sentence}; make the sibling without training, by finetune.epochs of 0$`),
    );
    const sibling = await derived(name, { ...parameters, 'finetune.epochs': 0 });
    expect(sibling.nodes.map(({ op }) => op)).toContain('Mod');
  });

  it('cannot be unpaired as it is, and is told so', async () => {
    await expect(derived('unpair', { batch: 32, epochs: 1 })).rejects.toThrow(
      new RegExp(`^${sentence}; export the model with operators that can be$`),
    );
  });
});

it('refuses parameters that do not go together before anything is computed', async () => {
  await expect(derived('unpair', { patience: 2 })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'patience must be 0 unless maxAccuracyDrop is below 1, got 2',
  });
});

it('makes a sibling that needs no samples where there are none to see it classify', async () => {
  const none = { ...samples, images: samples.images.subarray(0, 0), labels: samples.labels.subarray(0, 0) };
  const parameters = parametersOf('prune', { sparsity: 0.9, 'finetune.epochs': 0 });
  const request = { graph: modular(), runtime, samples: none, parameters, seed: 1 };
  await expect(deriveSibling(siblingCalled('prune'), request)).resolves.toMatchObject({ name: 'modular' });
});
