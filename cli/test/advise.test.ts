import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeSampleSet } from '@unpair/datasets';
import { decodeModel } from '@unpair/graph';
import { createRandom } from '@unpair/numerics';
import { expect, test, vi } from 'vitest';

import { adviceCampaign } from '../src/advise/advice-campaign.js';
import type { Depth } from '../src/advise/depth.js';
import { DEPTHS, depthWithin } from '../src/advise/depth.js';
import { writeAdvice } from '../src/advise/write-advice.js';
import type { CommandContext } from '../src/context.js';
import { timeSpan } from '../src/commands/time-span.js';
import { runCli } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';
import { linearModel } from './workplace.js';

vi.setConfig({ testTimeout: 180_000 });

const SHAPE = [1, 2, 2] as const;
const CLASSES = 2;

/** A model, and images with the classes that it says. */
async function desk(count: number): Promise<string> {
  const folder = await scratchFolder();
  for (const name of ['full.onnx', 'phone.onnx'])
    await writeFile(join(folder, name), linearModel(SHAPE, CLASSES));
  const random = createRandom({ seed: 1, cell: 'images', sample: 0 });
  const images = Uint8Array.from({ length: count * 4 }, () => Math.floor(256 * random.uniform()));
  const labels = Int32Array.from({ length: count }, (_, sample) => {
    const logit = (output: number): number =>
      [0, 1, 2, 3].reduce(
        (sum, i) => sum + (images[4 * sample + i] ?? 0) * Math.sin(i * CLASSES + output),
        0,
      );
    return logit(0) >= logit(1) ? 0 : 1;
  });
  const set = { name: '', classes: CLASSES, classNames: null, shape: SHAPE, count, images, labels };
  await writeFile(join(folder, 'images.npz'), encodeSampleSet(set));
  return folder;
}

const PATHS = ['full.onnx', 'phone.onnx'];

test('advise says what a sibling gives away, and writes a cured one and a page', async () => {
  const cwd = await desk(90);
  const folder = join(cwd, 'advice');
  const found = { options: {}, name: 'pixels in [0, 1]', correct: 1, samples: 1 };
  const models = PATHS.map((path) => ({ path: `../${path}`, trial: found, rivals: [] }));
  const dataset = { source: '../images.npz', samples: 90, size: undefined };
  const depth: Depth = {
    ...{ samples: 20, searched: 4, budget: 10, epsilons: ['8/255'] },
    cure: { epochs: 1, adaptive: false },
  };
  await mkdir(folder);
  const names = { name: 'advice-full', file: 'advice/advice.yaml' };
  await writeFile(
    join(folder, 'advice.yaml'),
    adviceCampaign({ dataset, models, shape: SHAPE, isDivided: false }, depth, names),
  );
  const { exitCode, stdout, stderr } = await runCli(['advise', ...PATHS, '--out', 'advice'], { cwd });
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stderr).toContain('advice/advice.yaml is there already: its campaign goes on');
  expect(stdout).toContain('There is no verdict on cured against attackers of full');
  expect(stdout).toMatch(/^cured: advice\/cured\.onnx\npage: advice\/report\.html$/m);
  expect(await readdir(folder)).toEqual(expect.arrayContaining(['report.html', 'report.json']));
  expect(decodeModel(await readFile(join(folder, 'cured.onnx'))).inputs).toHaveLength(1);
});

test('the campaign that is written fits the time, and says what the sibling was made of', async () => {
  const folder = await desk(60);
  const notes: string[] = [];
  const context = {
    ...{ environment: {}, dataDir: folder, signal: new AbortController().signal },
    terminal: {
      note: (text: string) => notes.push(text),
      progress: () => ({ update: () => undefined, end: () => undefined }),
    },
  } as unknown as CommandContext;
  const file = join(folder, 'advice.yaml');
  const options = {
    dataset: join(folder, 'images.npz'),
    within: 3_600,
    workers: 2,
    runtime: 'auto',
    device: 'auto',
  };
  const paths = PATHS.map((path) => join(folder, path));
  await writeAdvice({ file, name: 'mine' }, paths, options, context);
  expect(notes.at(-1)).toContain('with a cure of 8 epochs, tried by attackers who know of it');
  const text = await readFile(file, 'utf8');
  expect(text).toContain('published: { file: phone.onnx, of: full }');
  expect(text).toContain('cured: { unpair: { of: published, from: full, epochs: 8 } }');
  const short = writeAdvice({ file, name: 'mine' }, paths, { ...options, within: 1e-6 }, context);
  await expect(short).rejects.toThrow(/^--within must be longer, got 0 s: to find out/);
});

test('the most thorough plan is taken that half of the time is enough for', () => {
  const takes = (depth: (typeof DEPTHS)[number]): number => 100 * (DEPTHS.length - DEPTHS.indexOf(depth));
  expect(depthWithin(1_200, takes)).toBe(DEPTHS[0]);
  expect(depthWithin(1_199, takes)).toBe(DEPTHS[1]);
  expect(depthWithin(200, takes)).toBe(DEPTHS.at(-1));
  expect(depthWithin(199, takes)).toBeUndefined();
});

test.each([
  ['90s', 90],
  ['45m', 2_700],
  ['2h', 7_200],
])('a time: %s', (text, seconds) => {
  expect(timeSpan(text)).toBe(seconds);
});

test.each(['', '0s', '5', '1d', '-1h', '1.5h'])('what is no time: "%s"', (text) => {
  expect(() => timeSpan(text)).toThrow('It must be a time such as 90s, 45m or 2h.');
});
