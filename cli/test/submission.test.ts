import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GraphBuilder, decodeModel, encodeModel, float32 } from '@unpair/graph';
import { expect, test } from 'vitest';

import { prepareSubmission } from '../src/submission/prepare.js';
import { workplace } from './workplace.js';

/** A classifier whose exporter left height and width of its images open. */
function openModel(): Uint8Array {
  const builder = new GraphBuilder('open', 13);
  const image = builder.input('image', 'float32', ['N', 1, 'height', 'width']);
  const weights = float32([2, 1, 2, 2], [0.1, 0.2, -0.3, 0.4, 0.3, -0.2, 0.1, 0]);
  const features = builder.node('Conv', [image, builder.initializer('weights', weights)]);
  const logits = builder.node('Flatten', [builder.node('GlobalAveragePool', [features])]);
  builder.output(logits, 'float32', ['N', 2]);
  return encodeModel(builder.build());
}

test('a model that leaves the size of its images open is submitted with that of the data', async () => {
  const folder = await workplace();
  await writeFile(join(folder, 'full.onnx'), openModel());
  const submission = await prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder });
  const digest = submission.request.models['full'];
  const artefact = submission.artefacts.find((candidate) => candidate.digest === digest);
  const graph = decodeModel(artefact?.bytes ?? new Uint8Array());
  expect(graph.inputs[0]?.shape).toEqual(['N', 1, 2, 2]);
});
