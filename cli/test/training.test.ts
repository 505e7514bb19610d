import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Report } from '@unpair/campaign';
import { expect, test } from 'vitest';

import { writeTinyCampaign } from '../../test/kit/tiny-campaign.js';
import { runCli } from './run-cli.js';
import { scratchFolder } from './scratch-folder.js';

const steps = 5 * 600;
const pruned = `pruned: { prune: { of: full, sparsity: 0.3,
    finetune: { epochs: 600, batch: 8, samples: 40, rate: 0.0001, augment: none } } }`;

test('unpair run shows how a model trains, and the report has the course of it', async () => {
  const folder = await scratchFolder();
  const path = await writeTinyCampaign(folder, { samples: 40, shardSize: 40, budget: 10 });
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('  stranger:', `  ${pruned}\n  stranger:`));
  const { exitCode, stderr } = await runCli(['run', path, '--workers', '1', '--out', join(folder, 'out')]);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(stderr).toMatch(
    new RegExp(
      `^pruned {2}epoch \\d+/600 {2}step \\d+/${steps} {2}loss \\d\\.\\d\\d {2}accuracy \\d+\\.\\d %`,
      'm',
    ),
  );
  const { models } = JSON.parse(await readFile(join(folder, 'out', 'report.json'), 'utf8')) as Report;
  const courses = models.map(({ id, training }) => [id, training?.map(({ step }) => step) ?? null]);
  expect(courses).toEqual([
    ['full', null],
    ['int8', null],
    ['pruned', Array.from({ length: 100 }, (_, point) => (steps / 100) * (point + 1))],
    ['stranger', null],
  ]);
});
