import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeSampleSet } from '@unpair/datasets';
import { GraphBuilder, encodeModel, float32 } from '@unpair/graph';

import { scratchFolder } from './scratch-folder.js';

/** A campaign over one tiny linear model; `campaign.yaml` of a {@link workplace}. */
export const CAMPAIGN = `
name: tiny
dataset: { source: tiny.npz, split: test, samples: 4 }
models:
  full: { file: full.onnx }
targets: [full]
surrogates: [full]
threat: { norm: linf, epsilon: 8/255 }
attacks:
  - pgd: { steps: 2 }
`;

/** A folder with a model, data (`samples` images of 1×2×2 in two classes) and a campaign file that would run. */
export async function workplace(campaign = CAMPAIGN, samples = 4): Promise<string> {
  const folder = await scratchFolder();
  await writeFile(join(folder, 'campaign.yaml'), campaign);
  await writeFile(join(folder, 'full.onnx'), linearModel([1, 2, 2], 2));
  const images = Uint8Array.from({ length: samples * 4 }, (_, index) => (index * 97) % 256);
  const labels = Int32Array.from({ length: samples }, (_, index) => index % 2);
  const set = {
    name: '',
    classes: 2,
    classNames: null,
    shape: [1, 2, 2] as const,
    count: samples,
    images,
    labels,
  };
  await writeFile(join(folder, 'tiny.npz'), encodeSampleSet(set));
  return folder;
}

/** A linear classifier of images of `shape` [C, H, W], as an ONNX file. */
export function linearModel(shape: readonly number[], classes: number): Uint8Array {
  const builder = new GraphBuilder('linear', 13);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const flat = builder.node('Flatten', [builder.input('image', 'float32', ['N', ...shape])]);
  const values = Float32Array.from({ length: size * classes }, (_, index) => Math.sin(index));
  const weights = builder.initializer('weights', float32([size, classes], values));
  builder.output(builder.node('MatMul', [flat, weights]), 'float32', ['N', classes]);
  return encodeModel(builder.build());
}
