import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeSampleSet } from '@unpair/datasets';
import { GraphBuilder, decodeModel, encodeModel, float32, ints, summarizeModel } from '@unpair/graph';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';

import { writeIdxFolder } from './idx-folder.js';
import { runCli, runOk } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';
import { tensorflowJsModel } from './tensorflow-js-model.js';

// Each test starts several processes, and they may share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 });

const COUNT = 64;

/** A classifier of 1×4×4 images by their brightness, and such images. */
async function workplace(): Promise<{ readonly folder: string; readonly args: readonly string[] }> {
  const folder = await scratchFolder();
  const b = new GraphBuilder('brightness');
  const image = b.input('image', 'float32', ['N', 1, 4, 4]);
  const filter = b.initializer('filter', float32([2, 1, 1, 1], [3, -0.01]));
  const bias = b.initializer('bias', float32([2], [-1.2, 0.1]));
  const conv = b.node('Conv', [image, filter, bias], { kernel_shape: ints([1, 1]) });
  const logits = b.node('Flatten', [b.node('GlobalAveragePool', [conv])]);
  b.output(logits, 'float32', ['N', 2]);
  const model = join(folder, 'full.onnx');
  await writeFile(model, encodeModel(b.build()));
  const labels = Int32Array.from({ length: COUNT }, (_, sample) => sample % 2);
  const images = Uint8Array.from(
    { length: COUNT * 16 },
    (_, i) => ((i >> 4) % 2 === 0 ? 200 : 20) + (i % 16),
  );
  const set = {
    name: '',
    classes: 2,
    classNames: null,
    shape: [1, 4, 4] as const,
    count: COUNT,
    images,
    labels,
  };
  const dataset = join(folder, 'train.npz');
  await writeFile(dataset, encodeSampleSet(set));
  return { folder, args: [model, '--dataset', dataset] };
}

test('sibling quantize and prune write a model and its recipe, and nothing else', async () => {
  const { folder, args } = await workplace();
  const out = join(folder, 'int4.onnx');
  const flags = ['--weights', '4', '--ranges', 'mse', '--calibration', '32', '--out', out];
  const { exitCode, stdout, stderr } = await runCli(['sibling', 'quantize', ...args, ...flags]);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain('int4.onnx: 4 weights');
  expect(summarizeModel(decodeModel(await readFile(out))).operators).toHaveProperty('QuantizeLinear');
  expect(parse(await readFile(join(folder, 'int4.recipe.yaml'), 'utf8'))).toMatchObject({
    sibling: 'quantize',
    seed: 0,
    samples: COUNT,
    parameters: { weights: 4, activations: 8, ranges: 'mse', calibration: 32, 'finetune.epochs': 0 },
  });

  const pruned = join(folder, 'pruned.onnx');
  const training = [
    '--sparsity',
    '.5',
    '--finetune-epochs',
    '2',
    '--finetune-batch',
    '16',
    '--finetune-augment',
    'none',
    '--out',
    pruned,
  ];
  await runOk(['sibling', 'prune', ...args, ...training]);
  expect(summarizeModel(decodeModel(await readFile(pruned)))).toMatchObject({ parameters: 4, nonZero: 3 });
});

test('sibling imitate says how many queries it took, and check what a model’s gradients are worth', async () => {
  const { folder, args } = await workplace();
  const out = join(folder, 'copy.onnx');
  const [model = '', ...data] = args;
  const flags = ['--target', model, '--queries', '40', '--epochs', '2', '--batch', '16', '--out', out];
  const imitating = await runOk(['sibling', 'imitate', ...args, ...flags]);
  expect(imitating.stdout).toContain(`it took 40 queries to ${model}`);
  expect(parse(await readFile(join(folder, 'copy.recipe.yaml'), 'utf8'))).toMatchObject({
    ...{ sibling: 'imitate', from: { file: model }, parameters: { queries: 40, temperature: 4 } },
  });

  const checking = ['check', out, ...data, '--samples', '8', '--budget', '20', '--epsilon', '16/255'];
  const { stdout } = await runOk(checking);
  expect(stdout).toMatch(
    /^ok {6}an attack without bound succeeds: 100\.0 % of 8 samples, must be at least 100 %$/m,
  );
  expect(stdout).toMatch(/^ok {6}random search breaks what the gradient does not: 0\.0 % of 8 samples/m);
  const { stdout: json } = await runCli([...checking, '--json']);
  expect(JSON.parse(json)).toMatchObject({ lossRises: { passed: true, bound: 0.9 } });
});

test('check exits with 1 when a check failed, and prints all of them', async () => {
  const { folder, args } = await workplace();
  const b = new GraphBuilder('stubborn');
  const flat = b.node('Flatten', [b.input('image', 'float32', ['N', 1, 4, 4])]);
  const zeros = b.initializer('zeros', float32([16, 2], new Array<number>(32).fill(0)));
  const bias = b.initializer('bias', float32([2], [1, 0]));
  b.output(b.node('Add', [b.node('MatMul', [flat, zeros]), bias]), 'float32', ['N', 2]);
  const model = join(folder, 'stubborn.onnx');
  await writeFile(model, encodeModel(b.build()));
  const checking = ['check', model, ...args.slice(1), '--samples', '8', '--budget', '20'];
  const { exitCode, stdout, stderr } = await runCli(checking);
  expect([exitCode, stderr]).toEqual([1, `error: ${model} failed 2 of 3 checks\n`]);
  expect(stdout).toMatch(/^FAILED {2}an attack without bound succeeds: 0\.0 % of \d samples/m);
  expect(stdout.trimEnd().split('\n').slice(3)).toEqual([
    'The gradients of the model are 0 everywhere on 8 of 8 samples: attacks along them measure nothing there, and that they fail is no evidence of safety.',
  ]);
  const json = await runCli([...checking, '--json']);
  expect(json.exitCode).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ...{ unboundedAttack: { passed: false }, gradients: { samples: 8, vanished: 8, invalid: 0 } },
  });
});

test('check refuses bad input in one sentence', async () => {
  const { args } = await workplace();
  const many = await runCli(['check', ...args, '--samples', '65']);
  expect(many).toMatchObject({ exitCode: 2, stdout: '' });
  expect(many.stderr).toMatch(
    /^error: --samples must be at most 64, the size of .*train\.npz \(test\), got 65\n$/,
  );
  const far = await runCli(['check', ...args, '--epsilon', '8/0']);
  expect(far.stderr).toContain('It must be a pixel amount above 0, such as 2/255.');
  expect(await runCli(['check', ...args, '--epsilon', '8'])).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'error: --epsilon must be a pixel amount above 0 and at most 1, such as 8/255, got 8\n',
  });
});

test('sibling unpair fine-tunes a quantized file, and its recipe has every parameter of the objective', async () => {
  const { folder, args } = await workplace();
  const [model = ''] = args;
  const [int8, out] = ['int8.onnx', 'unpaired.onnx'].map((name) => join(folder, name));
  await runCli(['sibling', 'quantize', ...args, '--calibration', '32', '--out', int8 ?? '']);
  const objective = [
    '--pairs',
    'true',
    '--path',
    '0.25',
    '--penalized',
    'clean',
    '--max-accuracy-drop',
    '0.5',
  ];
  const flags = ['--target', model, '--batch', '16', '--epochs', '1', '--out', out ?? '', ...objective];
  const { stdout } = await runOk(['sibling', 'unpair', int8 ?? '', ...args.slice(1), ...flags]);
  expect(stdout).toContain('unpaired.onnx: 4 weights');
  const operators = await Promise.all(
    [int8, out].map(async (file) => summarizeModel(decodeModel(await readFile(file ?? ''))).operators),
  );
  expect(operators[1]).toEqual(operators[0]);
  expect(parse(await readFile(join(folder, 'unpaired.recipe.yaml'), 'utf8'))).toMatchObject({
    sibling: 'unpair',
    from: { file: model },
    parameters: {
      adversarial: 0.2,
      path: 0.25,
      pairs: true,
      penalized: 'clean',
      heldOut: 1000,
      heldOutSplit: 'train',
      maxAccuracyDrop: 0.5,
    },
  });
});

test('sibling unpair measures on the last of the test split, where it is told to', async () => {
  const { folder, args } = await workplace();
  const [model = '', , npz = ''] = args;
  const dataset = join(folder, 'divided');
  const bright = (count: number): readonly number[] =>
    Array.from({ length: count }, (_, sample) => (sample % 2 === 0 ? 200 : 20));
  await writeIdxFolder(dataset, 4, { train: bright(32), test: bright(12) });
  const unpair = (data: string, count: number, out: string): ReturnType<typeof runCli> => {
    const training = ['--target', model, '--batch', '16', '--epochs', '1', '--max-accuracy-drop', '0.5'];
    const held = ['--held-out-split', 'test', '--held-out', `${count}`, '--out', join(folder, out)];
    return runCli(['sibling', 'unpair', model, '--dataset', data, ...training, ...held]);
  };
  expect(await unpair(dataset, 12, 'unpaired.onnx')).toMatchObject({ exitCode: 0 });
  expect(parse(await readFile(join(folder, 'unpaired.recipe.yaml'), 'utf8'))).toMatchObject({
    samples: 32,
    parameters: { heldOut: 12, heldOutSplit: 'test', maxAccuracyDrop: 0.5 },
  });
  const many = await unpair(dataset, 13, 'many.onnx');
  expect(many).toMatchObject({ exitCode: 2, stdout: '' });
  expect(many.stderr).toMatch(
    /^error: --held-out must be at most 12, the size of .*t10k-images-idx3-ubyte \(test\), got 13\n$/,
  );
  const undivided = await unpair(npz, 12, 'undivided.onnx');
  expect(undivided.exitCode).toBe(2);
  expect(undivided.stderr).toMatch(
    /^error: --held-out asks for 12 samples of the test split, but .*train\.npz has no splits: /,
  );
  await expect(access(join(folder, 'undivided.onnx'))).rejects.toThrow('ENOENT');
});

test('sibling says what is wrong, and writes nothing', async () => {
  const { folder, args } = await workplace();
  const out = join(folder, 'out.onnx');
  for (const bits of ['9', '08']) {
    const stderr = `error: --weights must be an integer from 2 to 8, got ${bits}\n`;
    const finished = await runCli(['sibling', 'quantize', ...args, '--weights', bits, '--out', out]);
    expect(finished).toEqual({ exitCode: 2, stdout: '', stderr });
  }
  const few = await runCli(['sibling', 'quantize', ...args, '--calibration', '999', '--out', out]);
  expect(few.exitCode).toBe(2);
  expect(few.stderr).toContain('--calibration must be at most 64');
  await expect(access(out)).rejects.toThrow('ENOENT');
});

test('sibling is told what pixels a file takes, which those of other formats than ONNX do not tell', async () => {
  const { folder, args } = await workplace();
  const model = await tensorflowJsModel(folder);
  const flags = ['--calibration', '8', '--out', join(folder, 'out.onnx')];
  const untold = await runCli(['sibling', 'quantize', model, ...args.slice(1), ...flags]);
  expect(untold.exitCode).toBe(2);
  const allowed = 'must be said: --range 0,255 or --range 0,1 or --range -1,1';
  expect(untold.stderr).toBe(
    `error: ${model} is a TensorFlow.js model, of which what it takes for black and white ${allowed}\n`,
  );
  await runOk(['sibling', 'quantize', ...args, ...flags, '--range', '0,1', '--mean', '0.1']);
  const recipe: unknown = parse(await readFile(join(folder, 'out.recipe.yaml'), 'utf8'));
  expect(recipe).toMatchObject({ options: { preprocessing: { range: [0, 1], mean: 0.1 } } });
});

test('the help says what each way of deriving does with the data set', async () => {
  const helpOf = async (way: string): Promise<string> =>
    (await runOk(['sibling', way, '--help'])).stdout.replace(/\s+/g, ' ');
  expect(await helpOf('prune')).toContain('its training split calibrates and trains');
  expect(await helpOf('interpolate')).toContain(
    'its training split shows whether the sibling still classifies',
  );
});
