import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GraphBuilder, encodeModel, float32, ints } from '@unpair/graph';
import { encodeSampleSet } from '@unpair/datasets';
import { expect, test, vi } from 'vitest';

import { runCli, runOk } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';
import { sharedModel } from '../../test/kit/shared-data.js';
import { tensorflowJsModel } from './tensorflow-js-model.js';
import { CAMPAIGN, workplace } from './workplace.js';

// Each test starts several processes, and they may share the machine with other tests.
vi.setConfig({ testTimeout: 180_000 });

/** A linear classifier of 1×2×2 images: class 1 where the first pixel outweighs the second. */
async function tinyModel(folder: string, operator = 'Flatten', opset = 13): Promise<string> {
  const builder = new GraphBuilder('tiny', opset);
  const image = builder.input('image', 'float32', ['N', 1, 2, 2]);
  const flat = builder.node(operator, [image]);
  const weights = builder.initializer('weights', float32([4, 2], [0, 1, 1, 0, 0, 0, 0, 0]));
  builder.output(builder.node('MatMul', [flat, weights]), 'float32', ['N', 2]);
  const path = join(folder, 'tiny.onnx');
  await writeFile(path, encodeModel(builder.build()));
  return path;
}

async function tinyData(folder: string): Promise<string> {
  const path = join(folder, 'tiny.npz');
  const images = Uint8Array.from([200, 0, 9, 9, 0, 200, 9, 9, 200, 0, 9, 9]);
  const set = {
    name: '',
    classes: 2,
    classNames: null,
    shape: [1, 2, 2] as const,
    count: 3,
    images,
    labels: Int32Array.of(1, 0, 0),
  };
  await writeFile(path, encodeSampleSet(set));
  return path;
}

test('model show describes a model', async () => {
  const path = await tinyModel(await scratchFolder());
  const { stdout } = await runOk(['model', 'show', path]);
  expect(stdout).toMatch(/^inputs +image: float32 \[N, 1, 2, 2\]$/m);
  expect(stdout).toMatch(/^parameters +8 in 32 bytes$/m);
  expect(stdout).toMatch(/^classifier +yes$/m);
  expect(stdout).toMatch(/^differentiable +yes$/m);
  const json = JSON.parse((await runCli(['model', 'show', path, '--json'])).stdout) as unknown;
  expect(json).toMatchObject({ operators: { Flatten: 1, MatMul: 1 }, differentiable: true, reason: null });
});

test('model show says why a model is none to attack', async () => {
  const builder = new GraphBuilder('flat', 13);
  const weights = builder.initializer('weights', float32([4, 2], new Float32Array(8)));
  const flat = builder.input('image', 'float32', ['N', 4]);
  builder.output(builder.node('MatMul', [flat, weights]), 'float32', ['N', 2]);
  const path = join(await scratchFolder(), 'flat.onnx');
  await writeFile(path, encodeModel(builder.build()));
  const { stdout } = await runOk(['model', 'show', path]);
  expect(stdout).toMatch(/^classifier +no: it takes float32 \[N, 4\] instead of float32 \[N, C, H, W\]$/m);
});

test('model show names the operator set of the file, and not the one that it is read as', async () => {
  const path = await tinyModel(await scratchFolder(), 'Flatten', 9);
  const { stdout } = await runCli(['model', 'show', path]);
  expect(stdout).toMatch(/^format +ONNX, operator set 9$/m);
});

test('eval counts what the model gets right', async () => {
  const folder = await scratchFolder();
  const [model, dataset] = await Promise.all([tinyModel(folder), tinyData(folder)]);
  const args = ['eval', '--model', model, '--dataset', dataset, '--json'];
  const { stdout } = await runOk(args);
  expect(JSON.parse(stdout)).toMatchObject({ samples: 3, correct: 2, accuracy: { value: 2 / 3 } });
  const oneByOne = await runCli([...args, '--samples', '2', '--batch', '1']);
  expect(JSON.parse(oneByOne.stdout)).toMatchObject({ samples: 2, correct: 2 });
});

test('model show and eval say that a model looks at a batch as a whole', async () => {
  const folder = await scratchFolder();
  const builder = new GraphBuilder('centred', 13);
  const flat = builder.node('Flatten', [builder.input('image', 'float32', ['N', 1, 2, 2])]);
  const mean = builder.node('ReduceMean', [flat], { axes: ints([0]) });
  const weights = builder.initializer('weights', float32([4, 2], [0, 1, 1, 0, 0, 0, 0, 0]));
  const logits = builder.node('MatMul', [builder.node('Sub', [flat, mean]), weights]);
  builder.output(logits, 'float32', ['N', 2]);
  const [model, dataset] = [join(folder, 'centred.onnx'), await tinyData(folder)];
  await writeFile(model, encodeModel(builder.build()));
  const reason = `node "${mean}" (ReduceMean) computes over the images of a batch together`;
  const { stdout } = await runOk(['model', 'show', model]);
  expect(stdout).toContain(`\nbatches         of one image, since ${reason}\n`);
  const { stderr } = await runCli(['eval', '--model', model, '--dataset', dataset]);
  expect(stderr).toContain(`${model}: its images run one at a time, since ${reason}\n`);
});

test('eval ends with 1 and a sentence where a model answers by chance, unless that is allowed', async () => {
  const folder = await workplace(CAMPAIGN, 60);
  const evaluate = (...more: readonly string[]) =>
    runCli(['eval', '--model', 'full.onnx', '--dataset', 'tiny.npz', ...more], { cwd: folder });
  const accuracy = 'accuracy 0.5000 (95 %: 0.3774–0.6226), 30 of 60 right\n';
  const refused = await evaluate();
  expect(refused).toMatchObject({ exitCode: 1, stdout: accuracy });
  expect(refused.stderr.split('\n').at(-2)).toBe(
    'error: full.onnx is right on 30 of 60 samples (50.0 %), hardly better than guessing among 2 classes (50.0 %): ' +
      'check its layout, preprocessing (range, channels, mean, std) and the order of its classes, or say --allow near-chance',
  );
  const allowed = await evaluate('--allow', 'near-chance');
  expect(allowed).toMatchObject({ exitCode: 0, stdout: accuracy });
  expect(allowed.stderr).not.toContain('error');
  // Four samples condemn nobody.
  expect((await evaluate('--samples', '4')).exitCode).toBe(0);
});

test('what does not fit is one sentence and exit code 2', async () => {
  const folder = await scratchFolder();
  const [model, dataset] = await Promise.all([tinyModel(folder), tinyData(folder)]);
  const truncated = join(folder, 'truncated.onnx');
  await writeFile(truncated, (await readFile(model)).subarray(0, 60));
  const evaluate = (...args: readonly string[]) => runCli(['eval', '--dataset', dataset, ...args]);

  expect(await evaluate('--model', model, '--samples', '4')).toMatchObject({
    exitCode: 2,
    stderr: `error: --samples must be at most 3, the size of ${dataset} (test), got 4\n`,
  });
  expect(await evaluate('--model', join(folder, 'none.onnx'))).toMatchObject({
    exitCode: 2,
    stderr: `error: there is no model file ${join(folder, 'none.onnx')}\n`,
  });
  const cut = await evaluate('--model', truncated);
  expect(cut.exitCode).toBe(2);
  expect(cut.stderr).toMatch(/^error: .*truncated\.onnx cannot be used: the model file is truncated: .*\n$/);
  const foreign = await evaluate('--model', dataset);
  expect(foreign.exitCode).toBe(2);
  expect(foreign.stderr).toMatch(/^error: .*tiny\.npz cannot be used: [^\n]*\n$/);
});

const resnet20 = sharedModel('cifar10-resnet20.onnx');
const resnet56 = sharedModel('cifar10-resnet56.onnx');
test.skipIf(!resnet20 || !resnet56).each([
  ['ResNet-20', resnet20, 0.915],
  ['ResNet-56', resnet56, 0.926],
])('the accuracy of a published %s is what PyTorch gets', async (_, model, accuracy) => {
  const args = ['eval', '--model', model ?? '', '--dataset', 'cifar10', '--samples', '1000', '--json'];
  const { stdout } = await runCli(args);
  expect(JSON.parse(stdout)).toMatchObject({ samples: 1000, accuracy: { value: accuracy } });
});

const OPTIONS = ['--range', '0,255', '--classes-from', '1'];

test('a TensorFlow.js model is evaluated and converted with what has to be known beside it', async () => {
  const folder = await scratchFolder();
  const [model, dataset] = await Promise.all([tensorflowJsModel(folder), tinyData(folder)]);
  const shown = await runCli(['model', 'show', model, ...OPTIONS]);
  expect(shown.stdout).toMatch(/^format +TensorFlow\.js, as ONNX, operator set 17$/m);
  expect(shown.stdout).toMatch(/^inputs +images: float32 \[N, 1, 2, 2\]$/m);
  expect(shown.stdout).toMatch(/^outputs +.*: float32 \[N, 2\]$/m);
  const evaluated = await runCli(['eval', '--model', model, '--dataset', dataset, '--json', ...OPTIONS]);
  expect(JSON.parse(evaluated.stdout)).toMatchObject({ samples: 3, correct: 2 });
  const onnx = join(folder, 'converted.onnx');
  expect(await runCli(['model', 'convert', model, onnx, ...OPTIONS])).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  const converted = await runCli(['eval', '--model', onnx, '--dataset', dataset, '--json']);
  expect(JSON.parse(converted.stdout)).toMatchObject({ samples: 3, correct: 2 });
});

test('wrong options and files of a TensorFlow.js model are one sentence', async () => {
  const folder = await scratchFolder();
  const model = await tensorflowJsModel(folder);
  const errorOf = async (...args: readonly string[]): Promise<string> =>
    (await runCli(['model', 'show', model, ...args])).stderr;
  expect(await errorOf('--layout', 'hwc')).toBe('error: --layout must be one of nchw, nhwc, got "hwc"\n');
  expect(await errorOf('--range', '255,0')).toBe(
    'error: --range must be a list of two numbers of which the second is larger, such as [0, 255], got a list\n',
  );
  expect(await errorOf('--mean', '1,2')).toBe(
    `error: ${model} cannot be used: mean has 2 numbers, but the model takes 1 channels\n`,
  );
  await writeFile(join(folder, 'shard.bin'), new Uint8Array(8));
  expect(await errorOf()).toMatch(
    /^error: .* cannot be used: weight "dense\/kernel" of shape \[4, 3\] needs 48 bytes, /,
  );
});
