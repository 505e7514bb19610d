import { encodeSampleSet } from '@unpair/datasets';
import { encodeModel, float32, GraphBuilder, int, ints, type Graph } from '@unpair/graph';
import { argmax } from '@unpair/classifiers';
import { createRandom, type Random } from '@unpair/numerics';
import { createRuntime } from '@unpair/runtime';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SHAPE = [3, 8, 8] as const;
const CLASSES = 4;
const PIXELS = SHAPE[0] * SHAPE[1] * SHAPE[2];

export interface TinyCampaign {
  readonly samples: number;
  readonly shardSize: number;
  /** Query budget: what decides how long the campaign takes. */
  readonly budget: number;
  /** How far a pixel may move; 8/255 unless said. */
  readonly epsilon?: string;
}

/**
 * Writes a whole small campaign to `folder`: two random convolutional classifiers of one task, samples that the first
 * labels itself (so that it is right on all of them), as many again to train on, and a campaign file with every kind of
 * task.
 * @returns the campaign file's path
 */
export async function writeTinyCampaign(folder: string, options: TinyCampaign): Promise<string> {
  const full = tinyClassifier('full', 1);
  await writeFile(join(folder, 'full.onnx'), encodeModel(full));
  await writeFile(join(folder, 'stranger.onnx'), encodeModel(tinyClassifier('stranger', 2)));
  await writeFile(join(folder, 'samples.npz'), await labelledSamples(full, 2 * options.samples));
  const path = join(folder, 'campaign.yaml');
  await writeFile(path, campaignText(options));
  return path;
}

function campaignText({ samples, shardSize, budget, epsilon = '8/255' }: TinyCampaign): string {
  return `name: tiny
seed: 11
dataset: { source: samples.npz, split: test, samples: ${samples} }
models:
  full: { file: full.onnx }
  int8: { quantize: { of: full, calibration: 16 } }
  stranger: { file: stranger.onnx }
targets: [full]
surrogates: [int8, stranger]
threat: { norm: linf, epsilon: [${epsilon}] }
attacks:
  - pgd: { steps: 5 }
  - rgf: { budget: ${budget} }
  - p-rgf: { budget: ${budget} }
  - square: { budget: ${budget} }
shardSize: ${shardSize}
# The stranger never learnt the task.
allow: [near-chance]
`;
}

/** Convolution, ReLU, average pool, dense layer: random, and hard enough that attacks take their time. */
function tinyClassifier(name: string, seed: number): Graph {
  const random = createRandom({ seed, cell: name, sample: 0 });
  const builder = new GraphBuilder(name);
  const input = builder.input('images', 'float32', ['N', ...SHAPE]);
  const kernel = builder.initializer('kernel', float32([8, 3, 3, 3], normals(random, 8 * 27, 0.3)));
  const conv = builder.node('Conv', [input, kernel], { pads: ints([1, 1, 1, 1]) });
  const pooled = builder.node('AveragePool', [builder.node('Relu', [conv])], {
    kernel_shape: ints([2, 2]),
    strides: ints([2, 2]),
  });
  const dense = builder.initializer('dense', float32([128, CLASSES], normals(random, 128 * CLASSES, 0.5)));
  const flat = builder.node('Flatten', [pooled], { axis: int(1) });
  const logits = builder.rename(builder.node('MatMul', [flat, dense]), 'logits');
  builder.output(logits, 'float32', ['N', CLASSES]);
  return builder.build();
}

async function labelledSamples(model: Graph, count: number): Promise<Uint8Array> {
  const random = createRandom({ seed: 3, cell: 'samples', sample: 0 });
  const images = Uint8Array.from({ length: count * PIXELS }, () => random.integer(256));
  const executable = await (await createRuntime()).load(model);
  const inputs = float32(
    [count, ...SHAPE],
    Float32Array.from(images, (pixel) => pixel / 255),
  );
  const { logits } = await executable.run({ images: inputs });
  await executable.close();
  if (logits?.dataType !== 'float32') throw new TypeError('the tiny classifier gives float32 logits');
  const labels = Int32Array.from({ length: count }, (_, row) =>
    argmax(logits.data.subarray(row * CLASSES, (row + 1) * CLASSES)),
  );
  return encodeSampleSet({
    ...{ name: 'tiny', classes: CLASSES, classNames: null, shape: SHAPE, count },
    ...{ images, labels },
  });
}

function normals(random: Random, count: number, scale: number): Float32Array {
  return Float32Array.from({ length: count }, () => scale * random.normal());
}
