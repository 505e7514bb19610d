import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Report } from '@unpair/campaign';
import { describe, expect, test } from 'vitest';

import { processesOf } from './processes-of.js';
import { runCli, runOk, startCli } from './run-cli.js';
import { CAMPAIGN, workplace } from './workplace.js';

/** Three tasks for each of `samples` samples, which are none that the model knows: with hundreds, long enough to be interrupted. */
const inSingles = (samples: number): string =>
  `${CAMPAIGN.replace('samples: 4', `samples: ${samples}`)}shardSize: 1\nallow: [near-chance]\n`;
const LONG = inSingles(600);
/** Still running when another command has started and ended. */
const VERY_LONG = inSingles(8_000);

/** What was printed, whatever the width of the terminal. */
const unwrapped = (text: string): string => text.replace(/\s+/g, ' ');

describe('a campaign on this machine', { timeout: 300_000 }, () => {
  test('runs, reports, and is found again by the same command', async () => {
    const folder = await workplace();
    const args = ['run', 'campaign.yaml', '--workers', '1', '--out', 'out'];
    const first = await runOk(args, { cwd: folder });
    expect(first.stdout).toContain('0 dead letters');
    expect(first.stdout).toContain('every figure: unpair report out --full');
    // What is printed again of the folder is what the run printed.
    expect((await runOk(['report', 'out'], { cwd: folder })).stdout).toBe(first.stdout);
    const one = await runOk(['report', 'out/report.json', '--epsilon', '8/255'], { cwd: folder });
    expect(one.stdout).toMatch(/^Models\n[^]*\nTransfer\n/);
    await runOk(['report', 'out', '--html', 'pages/out.html'], { cwd: folder });
    expect(await readFile(join(folder, 'pages', 'out.html'), 'utf8')).toMatch(
      /^<!doctype html>[^]*<svg [^]*<\/html>\n$/,
    );
    const self = await runCli(['report', 'out', '--html', 'out/report.json'], { cwd: folder });
    expect(self.stderr).toContain('--html must be another file than the report, got out/report.json');
    const report = await readReport(folder);
    expect(report.integrity).toMatchObject({ tasks: 6, results: 6, deadLetters: 0 });
    const listed = await runOk(['list', '--runs', '.'], { cwd: folder });
    expect(listed.stdout).toMatch(/^out +tiny +6\/6 +[0-9a-f]{12} /m);
    await runOk(args, { cwd: folder });
    expect((await readReport(folder)).integrity).toEqual(report.integrity);
    expect(await processesOf(join(folder, 'out', '.state'))).toEqual([]);
  });

  test('makes each model of a sweep, and what is made of it, and attacks through them and their ensembles', async () => {
    const models = `  pruned: { prune: { of: full, sparsity: [0.25, 0.375], finetune: { epochs: 0 } } }
  int8: { quantize: { of: pruned, calibration: 4 } }
targets: [full]`;
    const text = CAMPAIGN.replace('targets: [full]', models)
      .replace('surrogates: [full]', 'surrogates: [int8, { ensemble: [pruned, full] }]')
      .concat('similarity: { perturbed: false }\n');
    const args = ['run', 'campaign.yaml', '--workers', '1', '--out', 'out'];
    // Four to calibrate with beside the four that are attacked.
    const folder = await workplace(text, 8);
    const { stdout } = await runOk(args, { cwd: folder });
    const { models: made, attacks, integrity } = await readReport(folder);
    expect(integrity).toMatchObject({ results: integrity.tasks, failed: 0, deadLetters: 0 });
    expect(made.map(({ id, of }) => [id, of])).toEqual([
      ['full', null],
      ...[0.25, 0.375].map((share) => [`pruned[sparsity=${share}]`, 'full']),
      ...[0.25, 0.375].map((share) => [`int8[pruned.sparsity=${share}]`, `pruned[sparsity=${share}]`]),
    ]);
    // Other parameters make other files.
    expect(new Set(made.map(({ digest }) => digest)).size).toBe(made.length);
    expect(attacks.map(({ surrogate, samples }) => [surrogate, samples > 0])).toEqual([
      ...[0.25, 0.375].map((share) => [`int8[pruned.sparsity=${share}]`, true]),
      ...[0.25, 0.375].map((share) => [`pruned[sparsity=${share}]+full`, true]),
    ]);
    expect(stdout).toContain('int8[pruned.sparsity=0.375]');
  });

  test('goes on without a model whose training collapses, and says so at once, at the end and in the report', async () => {
    const training = '{ epochs: 1, batch: 8, samples: 40, rate: 100, augment: none }';
    const models = `  pruned: { prune: { of: full, sparsity: 0.5, finetune: ${training} } }\ntargets: [full]`;
    const text = CAMPAIGN.replace('targets: [full]', models).replace(
      'surrogates: [full]',
      'surrogates: [full, pruned]',
    );
    const folder = await workplace(text, 44);
    const { exitCode, stdout, stderr } = await runCli(
      ['run', 'campaign.yaml', '--workers', '1', '--out', 'out'],
      { cwd: folder },
    );
    expect(exitCode).toBe(1);
    const sentence = /training collapsed (at|by) step \d+: .*/.exec(stderr)?.[0] ?? 'none';
    expect(unwrapped(stdout)).toContain(`pruned was not made: ${sentence}`);
    expect(stderr).toContain(`failure 1  pruned (prune): ${sentence}\n`);
    expect(stderr).toMatch(/error: campaign c-\w+ ended as failed/);
    const { integrity, models: reported, attacks } = await readReport(folder);
    expect(integrity).toMatchObject({ failed: 1, deadLetters: 0 });
    const named = reported.map(({ id, failure, training }) => ({ id, failure, from: training?.[0]?.step }));
    expect(named).toEqual([
      { id: 'full', failure: null, from: undefined },
      { id: 'pruned', failure: sentence, from: 1 },
    ]);
    expect(attacks.map(({ surrogate }) => surrogate)).toEqual(['full']);
  });

  test('ends before it attacks a model that answers by chance, and says what to look at', async () => {
    const folder = await workplace(CAMPAIGN.replace('samples: 4', 'samples: 60'), 60);
    const args = ['run', 'campaign.yaml', '--workers', '1', '--out', 'out'];
    const { exitCode, stdout, stderr } = await runCli(args, { cwd: folder });
    expect(exitCode).toBe(1);
    const sentence =
      'full is right on 30 of 60 samples (50.0 %), hardly better than guessing among 2 classes';
    expect(unwrapped(stdout)).toContain(sentence);
    expect(stderr).toContain(`failure 1: ${sentence}`);
    const { integrity, attacks, similarity } = await readReport(folder);
    expect({ attacks, similarity }).toEqual({ attacks: [], similarity: [] });
    expect(integrity).toMatchObject({ tasks: 16, results: 3, cancelled: 13, failed: 0 });
  });

  test('stops in order on Ctrl-C and goes on from there', async () => {
    const folder = await workplace(LONG, 600);
    const child = startCli(['run', 'campaign.yaml', '--workers', '2', '--out', 'out'], { cwd: folder });
    const stderr = collect(child);
    const ended = once(child, 'exit');
    await awaitFirstResult(child, stderr);
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(stderr()).toContain('stopping; run the same command again to resume\n');
    expect(await processesOf(join(folder, 'out', '.state'))).toEqual([]);
    expect(existsSync(join(folder, 'out', 'report.json'))).toBe(false);

    await runOk(['run', 'campaign.yaml', '--workers', '2', '--out', 'out'], { cwd: folder });
    expect((await readReport(folder)).integrity).toMatchObject({ deadLetters: 0, cancelled: 0 });
  });

  test('an edited file pauses what the older one began, and no report overwrites another', async () => {
    const folder = await workplace(inSingles(300), 300);
    const args = ['run', 'campaign.yaml', '--workers', '1', '--out', 'out'];
    const child = startCli(args, { cwd: folder });
    const ended = once(child, 'exit');
    await awaitFirstResult(child, collect(child));
    child.kill('SIGINT');
    await ended;
    await writeFile(join(folder, 'campaign.yaml'), CAMPAIGN.replace('name: tiny', 'name: edited'));
    const { stderr } = await runOk(args, { cwd: folder });
    const pattern =
      /campaign tiny \((c-\w+), \d+ of 1501 tasks done\) is paused: go on with "unpair (run .*)"/;
    const [, id = '', command = ''] = pattern.exec(stderr) ?? [];
    expect(stderr).toMatch(pattern);
    const edited = await readFile(join(folder, 'out', 'report.json'), 'utf8');
    const again = await runOk(command.split(' '), { cwd: folder });
    expect(again.stderr).toContain(`campaign ${id} is paused: the`);
    const kept = /the report of campaign c-\w+ is kept as (\S+)/.exec(again.stderr)?.[1] ?? '';
    expect(await readFile(kept, 'utf8')).toBe(edited);
    expect((await readReport(folder)).integrity).toMatchObject({ tasks: 1501, results: 1501 });
  });

  test('leaves no process behind when it is killed', async () => {
    const folder = await workplace(LONG, 600);
    const child = startCli(['run', 'campaign.yaml', '--workers', '1', '--out', 'out'], { cwd: folder });
    await awaitFirstResult(child, collect(child));
    expect((await processesOf(join(folder, 'out', '.state'))).length).toBeGreaterThan(2);
    child.kill('SIGKILL');
    await expect
      .poll(() => processesOf(join(folder, 'out', '.state')), { timeout: 30_000, interval: 250 })
      .toEqual([]);
  });

  test('refuses to share its folder with another', async () => {
    const folder = await workplace(VERY_LONG, 8_000);
    const args = ['run', 'campaign.yaml', '--workers', '1', '--out', 'out'];
    const child = startCli(args, { cwd: folder });
    const ended = once(child, 'exit');
    await awaitFirstResult(child, collect(child));
    const second = await runCli(args, { cwd: folder });
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toMatch(
      /^error: .*\.state is in use by process \d+: wait for it or choose another --out\n$/,
    );
  });
});

async function readReport(folder: string): Promise<Report> {
  return JSON.parse(await readFile(join(folder, 'out', 'report.json'), 'utf8')) as Report;
}

/** Gathers what a command says on standard error. */
function collect(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return () => text;
}

async function awaitFirstResult(child: ChildProcess, stderr: () => string): Promise<void> {
  while (!/ [1-9]\d*\/\d+ tasks/.test(stderr())) {
    if (child.exitCode !== null) throw new Error(`unpair ended early: ${stderr()}`);
    await sleep(50);
  }
}
