import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { decodeSampleSet } from '@unpair/datasets';
import { GraphBuilder, decodeModel, encodeModel, float32, int, int64, ints } from '@unpair/graph';
import { digestOf } from '@unpair/platform';
import { expect, test } from 'vitest';

import type { Submission } from '../src/submission/prepare.js';
import { prepareSubmission } from '../src/submission/prepare.js';
import { writeIdxFolder } from './idx-folder.js';
import { CAMPAIGN, workplace } from './workplace.js';

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

test.each([
  ['concat', /its value "[^"]*" has \d+ entries for one image, allowed are 268435456$/],
  ['range', /its value "[^"]*" has 1000000000 entries for one image/],
])(
  'a small file that unfolds into gigabytes is refused before anything starts: %s',
  async (kind, sentence) => {
    const builder = new GraphBuilder('bomb', 13);
    const image = builder.input('image', 'float32', ['N', 1, 2, 2]);
    const scalar = (name: string, value: bigint): string => builder.initializer(name, int64([], [value]));
    let whole: string;
    if (kind === 'range') {
      const numbers = builder.node('Range', [scalar('a', 0n), scalar('b', 1_000_000_000n), scalar('c', 1n)]);
      whole = builder.node('Cast', [numbers], { to: int(1) });
    } else {
      whole = builder.initializer('one', float32([1024], new Float32Array(1024)));
      for (let step = 0; step < 22; step++) whole = builder.node('Concat', [whole, whole], { axis: int(0) });
    }
    const weights = builder.initializer('weights', float32([4, 2], new Float32Array(8).fill(0.1)));
    const logits = builder.node('MatMul', [builder.node('Flatten', [image], { axis: int(1) }), weights]);
    const sum = builder.node('ReduceSum', [whole], { keepdims: int(0) });
    builder.output(builder.node('Add', [logits, sum]), 'float32', ['N', 2]);
    const folder = await workplace();
    const file = encodeModel(builder.build());
    expect(file.length).toBeLessThan(20_000);
    await writeFile(join(folder, 'full.onnx'), file);
    const before = process.memoryUsage().rss;
    await expect(prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder })).rejects.toMatchObject(
      {
        code: 'INVALID_ARGUMENT',
        violations: [{ field: 'models.full.file', description: expect.stringMatching(sentence) as string }],
      },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  },
);

test('an operator that is not supported is said of its field and file, with all else that is wrong', async () => {
  const builder = new GraphBuilder('odd', 13);
  const image = builder.input('image', 'float32', ['N', 1, 2, 2]);
  builder.output(builder.node('NonZero', [image], {}), 'float32', ['N', 2]);
  const gone = CAMPAIGN.replace('targets:', '  gone: { file: gone.onnx }\ntargets:');
  const folder = await workplace(gone);
  await writeFile(join(folder, 'full.onnx'), encodeModel(builder.build()));
  const reason = 'has operator NonZero, which is not supported';
  await expect(prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder })).rejects.toMatchObject({
    violations: [
      {
        field: 'models.full.file',
        description: expect.stringMatching(
          `^${folder}/full.onnx cannot be used: node ".*" ${reason}$`,
        ) as string,
      },
      { field: 'models.gone.file', description: `there is no model file ${folder}/gone.onnx` },
    ],
  });
});

test.each([
  ['cifar-10', 'source', /neither a known data set \(.*\) nor an existing path; did you mean "cifar10"\?$/],
  [
    'tiny.npz, size: 3',
    'size',
    /^the images of .*tiny\.npz are 2×2 and only files of images are resized, to 3×3$/,
  ],
  ['tiny.npz, columns: { image: a, label: b }', 'columns', /^columns are for CSV files, which .* is not$/],
])(
  'data of %s are refused by field, beside what is wrong with models',
  async (source, field, description) => {
    const campaign = CAMPAIGN.replace('source: tiny.npz', `source: ${source}`).replace(
      'full.onnx',
      'gone.onnx',
    );
    const folder = await workplace(campaign);
    const error: unknown = await prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [
        { field: `dataset.${field}`, description: expect.stringMatching(description) as string },
        { field: 'models.full.file', description: `there is no model file ${folder}/gone.onnx` },
      ],
    });
  },
);

/** A classifier whose logits go through Mod, which has no derivative. */
function stepModel(): Uint8Array {
  const builder = new GraphBuilder('steps', 13);
  const flat = builder.node('Flatten', [builder.input('image', 'float32', ['N', 1, 2, 2])]);
  const weights = builder.initializer('weights', float32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
  const three = builder.initializer('three', float32([1], [3]));
  const rest = builder.node('Mod', [builder.node('MatMul', [flat, weights]), three], { fmod: int(1) });
  builder.output(rest, 'float32', ['N', 2]);
  return encodeModel(builder.build());
}

test('only models that are differentiated have to have a derivative', async () => {
  const queried = CAMPAIGN.replace('surrogates: [full]\n', '').replace(/pgd: .*/, 'square: { budget: 5 }');
  const submit = async (campaign: string): Promise<Submission> => {
    const folder = await workplace(campaign);
    await writeFile(join(folder, 'full.onnx'), stepModel());
    return prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder });
  };
  expect((await submit(queried)).request.models).toHaveProperty('full');
  const reason = 'cannot be differentiated: operator Mod of node';
  for (const campaign of [
    CAMPAIGN,
    queried.replace('targets:', '  int8: { quantize: { of: full } }\ntargets:'),
    `${queried.replace('targets:', '  again: { file: full.onnx }\ntargets:')}similarity: { pairs: all }\n`,
  ]) {
    await expect(submit(campaign)).rejects.toMatchObject({
      violations: expect.arrayContaining([
        { field: 'models.full.file', description: expect.stringContaining(reason) as string },
      ]) as unknown,
    });
  }
});

test('a rule for gradients that changes nothing in a model is refused before anything starts', async () => {
  const uses = 'surrogates: [full, { model: full, backward: sgm }, { model: int8, backward: linbp }]';
  const models = '  int8: { quantize: { of: full } }\ntargets:';
  const folder = await workplace(CAMPAIGN.replace('surrogates: [full]', uses).replace('targets:', models));
  const submission = prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder });
  await expect(submission).rejects.toMatchObject({
    violations: expect.arrayContaining([
      {
        field: 'surrogates[1].backward',
        description:
          'cannot be sgm for "full": model "linear" has no residual branches, so that sgm changes nothing',
      },
      {
        field: 'surrogates[2].backward',
        description:
          'cannot be linbp for "int8": model "linear" has no rectifiers that it could pass, so that linbp changes nothing',
      },
    ]) as unknown,
  });
});

/** A classifier for one image at a time, as its mean over the batch would make rows depend on each other. */
function oneAtATime(): Uint8Array {
  const builder = new GraphBuilder('one', 13);
  const flat = builder.node('Flatten', [builder.input('image', 'float32', [1, 1, 2, 2])]);
  const weights = builder.initializer('weights', float32([4, 2], [1, 2, 3, 4, 5, 6, 7, 8]));
  const product = builder.node('MatMul', [flat, weights]);
  const mean = builder.node('ReduceMean', [product], { axes: ints([0]) });
  builder.output(builder.node('Sub', [product, mean]), 'float32', [1, 2]);
  return encodeModel(builder.build());
}

test('a model that takes one image at a time is attacked and rounded, but not trained', async () => {
  const submit = async (...models: readonly string[]): Promise<Submission> => {
    const lines = models.map((line) => `  ${line}\n`).join('');
    const folder = await workplace(CAMPAIGN.replace('targets:', `${lines}targets:`), 12);
    await writeFile(join(folder, 'full.onnx'), oneAtATime());
    return prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder });
  };
  const rounded = 'int8: { quantize: { of: full, calibration: 2 } }';
  expect((await submit(rounded)).request.models).toHaveProperty('full');
  const trained = 'thin: { prune: { of: full, finetune: { epochs: 1, batch: 2 } } }';
  await expect(submit(rounded, trained)).rejects.toMatchObject({
    violations: [
      {
        field: 'models.thin.prune.of',
        description:
          '"full" takes 1 image at a time and cannot be made to take more, so that "thin" cannot be trained',
      },
    ],
  });
});

/** The campaign over a data set of 6 training and 8 test images, with models that are unpaired as `given` say. */
async function submissionOf(dataset: string, ...given: readonly string[]): Promise<Submission> {
  const common = 'of: full, from: full, adaptive: false, batch: 2';
  const models = given.map((more, at) => `  made${at}: { unpair: { ${common}, ${more} } }\n`).join('');
  const campaign = CAMPAIGN.replace(/dataset: .*/, `dataset: ${dataset}`);
  const folder = await workplace(campaign.replace('targets:', `${models}targets:`));
  const test = [10, 20, 30, 40, 50, 60, 70, 80];
  await writeIdxFolder(join(folder, 'tiny'), 2, { train: [1, 2, 3, 4, 5, 6], test });
  return prepareSubmission(join(folder, 'campaign.yaml'), { dataDir: folder });
}

/** First pixels of the images of an artefact; undefined where it is none of the submission's. */
function pixelsOf({ artefacts }: Submission, digest: string): readonly number[] | undefined {
  const artefact = artefacts.find((candidate) => candidate.digest === digest);
  return artefact && [...decodeSampleSet(artefact.bytes).images].filter((_, index) => index % 4 === 0);
}

const divided = '{ source: tiny, split: test, samples: 4 }';

test('the last test samples are uploaded once, as many as any model holds out, and all training samples', async () => {
  const wanting = ['heldOutSplit: test, heldOut: 2', 'heldOutSplit: test, heldOut: 4'];
  const submission = await submissionOf(divided, ...wanting);
  const { samples, calibration, heldOut } = submission.request;
  const sets = [samples, calibration, heldOut].map((digest) => pixelsOf(submission, digest));
  expect(sets).toEqual([
    [10, 20, 30, 40],
    [1, 2, 3, 4, 5, 6],
    [50, 60, 70, 80],
  ]);
  expect(submission.artefacts).toHaveLength(4);
  const ofTraining = '{ source: tiny, split: train, samples: 4 }';
  const other = await submissionOf(ofTraining, 'heldOutSplit: test, heldOut: 8');
  expect(pixelsOf(other, other.request.samples)).toEqual([1, 2, 3, 4]);
  expect(pixelsOf(other, other.request.calibration)).toEqual([5, 6]);
  expect(pixelsOf(other, other.request.heldOut)).toEqual([10, 20, 30, 40, 50, 60, 70, 80]);
});

test('of a data set without splits, what is attacked is not trained on', async () => {
  const submission = await submissionOf('{ source: tiny.npz, samples: 2 }', 'heldOut: 0');
  const { samples, calibration } = submission.request;
  // Of four images.
  expect(pixelsOf(submission, samples)).toEqual([0, 132]);
  expect(pixelsOf(submission, calibration)).toEqual([8, 140]);
  const greedy = submissionOf('{ source: tiny.npz, samples: 3 }', 'heldOut: 0');
  const description = 'must be at most 1, the samples of tiny.npz that are not attacked, got 2';
  const field = 'models.made0.unpair.batch';
  const violations = [{ field, description: `${field} ${description}.` }];
  await expect(greedy).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations });
});

test('the id of a request covers what is held out, and is as ever where nothing is', async () => {
  const plain = await submissionOf(divided, 'heldOut: 2');
  const { requestId, spec, models, samples, calibration, heldOut } = plain.request;
  expect([heldOut, plain.artefacts.length]).toEqual(['', 3]);
  const content = [spec, Object.entries(models), samples, calibration];
  const idOf = (parts: readonly unknown[]): string =>
    digestOf(new TextEncoder().encode(JSON.stringify(parts)));
  expect(requestId).toBe(idOf(content));
  const held = await submissionOf(divided, 'heldOutSplit: test, heldOut: 2');
  expect(held.request.requestId).toBe(idOf([held.request.spec, ...content.slice(1), held.request.heldOut]));
});

test.each([
  [
    'that are attacked',
    divided,
    5,
    'must be at most 4, the samples of tiny (test) that are not attacked, got 5',
  ],
  [
    'that are not there',
    '{ source: tiny, split: train, samples: 4 }',
    9,
    'must be at most 8, the size of tiny (test), got 9',
  ],
  [
    'of a data set that is not divided',
    '{ source: tiny.npz, split: test, samples: 2 }',
    5,
    'asks for 5 samples of the test split, but tiny.npz has no splits: take them from the training samples',
  ],
])('samples %s cannot be held out', async (_, dataset, wanted, description) => {
  const submission = submissionOf(dataset, `heldOutSplit: test, heldOut: ${wanted}`);
  const field = 'models.made0.unpair.heldOut';
  const violations = [{ field, description: `${field} ${description}.` }];
  await expect(submission).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', violations });
});
