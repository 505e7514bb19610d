import type { Report } from '@unpair/campaign';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CommandLine } from './kit/command-line.js';
import { temporaryFolder } from './kit/index.js';
import { writeTinyCampaign } from './kit/tiny-campaign.js';

const DEFENCE = `models:
  full: { file: full.onnx }
  int8: { quantize: { of: full, calibration: 16 } }
  tuned: { unpair: { of: full, from: full, epochs: 2, batch: 16, samples: 32, augment: none, steps: 1 } }
  int8-unpaired: { quantize: { of: tuned, calibration: 16 } }
  stranger: { file: stranger.onnx }
targets: [full]
surrogates: [int8, int8-unpaired, stranger]`;

/** Runs a small campaign with a defended sibling through the command line, a real nats-server and real workers. */
async function run(workers: number): Promise<{ readonly report: Report; readonly output: string }> {
  await using folder = await temporaryFolder();
  const file = await writeTinyCampaign(folder.path, { samples: 32, shardSize: 32, budget: 60 });
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(/models:[^]*surrogates: \[int8, stranger\]/, DEFENCE));
  const out = join(folder.path, 'out');
  const unpair = new CommandLine(['run', file, '--workers', `${workers}`, '--out', out]);
  try {
    const output = await unpair.exit();
    return { output, report: JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report };
  } finally {
    unpair.process.kill('SIGTERM');
    await unpair.exit(unpair.process.exitCode ?? 0).catch(() => undefined);
  }
}

it('a campaign with a defence is tried by attackers who know of it, to the same bits on any workers', async () => {
  const { report, output } = await run(2);
  const { integrity, models, defence, tradeOff } = report;
  expect(integrity).toMatchObject({ failed: 0, deadLetters: 0, cancelled: 0, results: integrity.tasks });
  const asked = models.map(({ id, queries }) => [id, queries]);
  expect(asked).toEqual([
    ['full', null],
    ['int8', 0],
    ['tuned', 0],
    ['int8-unpaired', 0],
    ['stranger', null],
    // The training split has no more images than this.
    ...['int8-unpaired', 'stranger'].flatMap((of) =>
      ['1000', '1000-rate-0.01', '10000', '10000-rate-0.01'].map((how) => [`${of}~imitated-${how}`, 32]),
    ),
  ]);
  expect(defence).toHaveLength(1);
  expect(defence[0]).toMatchObject({ surrogate: 'int8-unpaired', target: 'full', undefended: 'int8' });
  expect(defence[0]?.accuracy?.drop).not.toBeNull();
  expect(defence[0]?.exposure.map(({ attack }) => attack)).toEqual(['pgd', 'p-rgf']);
  const attackers = new Set(defence[0]?.adaptive.map(({ attacker }) => attacker));
  expect([...attackers].sort()).toEqual([
    ...['diverse', 'ensemble', 'flipped', 'from-target', 'imitation', 'momentum', 'smoothed-prior'],
    'variance-tuned',
  ]);
  const tried = defence[0]?.adaptive ?? [];
  for (const { attacker, surrogate, stranger } of tried) {
    // Only imitations are held against strangers that were taught as well, with as many queries.
    const fast = surrogate.replace('int8-unpaired', 'stranger').replace('-rate-0.01', '');
    const controls = attacker === 'imitation' ? ['stranger', fast, `${fast}-rate-0.01`] : ['stranger'];
    expect(controls).toContain(stranger?.surrogate);
  }
  const imitation = tried.find(({ attacker }) => attacker === 'imitation');
  expect(imitation?.imitationQueries).toBe(32);
  expect(defence[0]?.masking?.unboundedAttack.samples).toBeGreaterThan(0);
  expect(tradeOff.map(({ surrogate, defended }) => [surrogate, defended])).toEqual([
    ['int8', false],
    ['int8-unpaired', true],
    ['stranger', false],
  ]);
  const said = report.verdict.cures[0]?.sentences[0];
  expect(said).toContain('int8-unpaired');
  expect(output.replace(/\s+/g, ' ')).toContain(said);

  const again = await run(1);
  expect(again.report.integrity.resultsDigest).toBe(integrity.resultsDigest);
  expect(again.report.defence).toEqual(defence);
});
