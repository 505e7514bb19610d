import type { Report } from '@unpair/campaign';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommandLine, descendants } from './kit/command-line.js';
import { eventually, temporaryFolder, TraceCollector, type CollectedSpan } from './kit/index.js';
import { writeTinyCampaign } from './kit/tiny-campaign.js';

const campaign = { samples: 30, shardSize: 5, budget: 1000 };
const timeout = 120_000;
/** Leases short enough that a killed worker's task comes back while the test waits. */
const environment = { UNPAIR_ACK_WAIT_SECONDS: '2', UNPAIR_RETRY_MILLISECONDS: '100' };

interface RunOptions {
  readonly workers?: number;
  readonly shardSize?: number;
  /** Processes to kill, by a part of their command line, once attacks are under way. */
  readonly victims?: string;
  /** Where the services send their spans. */
  readonly collector?: TraceCollector;
}

interface Finished {
  readonly report: Report;
  /** Everything that the command printed and its worker logged. */
  readonly log: string;
}

/** Runs the campaign through the command line. */
async function run({
  workers = 1,
  shardSize = campaign.shardSize,
  victims,
  collector,
}: RunOptions): Promise<Finished> {
  await using folder = await temporaryFolder();
  const file = await writeTinyCampaign(folder.path, { ...campaign, shardSize });
  const out = join(folder.path, 'out');
  const unpair = new CommandLine(['run', file, '--workers', `${workers}`, '--out', out], {
    ...environment,
    ...(collector !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }),
  });
  try {
    if (victims !== undefined) await kill(unpair, victims);
    await unpair.exit();
  } finally {
    unpair.process.kill('SIGTERM');
    await unpair.exit(unpair.process.exitCode ?? 0).catch(() => undefined);
  }
  const report = JSON.parse(await readFile(join(out, 'report.json'), 'utf8')) as Report;
  return { report, log: unpair.output + (await readFile(join(out, '.state/worker-1.log'), 'utf8')) };
}

async function kill(unpair: CommandLine, victims: string): Promise<void> {
  const pids = await eventually(async () => {
    const found = await descendants(unpair.process.pid ?? 0, victims);
    if (found.length === 0 || !/ [1-9]\d*\/\d+ tasks/.test(unpair.output)) throw new Error(unpair.output);
    return found;
  });
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** What a task was released by: on a busy machine workers may have handed it back before. */
function originOf(
  task: CollectedSpan,
  above: (span: CollectedSpan) => CollectedSpan | undefined,
): CollectedSpan | undefined {
  let span = above(task);
  while (span?.name === 'hand back' || span?.name === 'task') span = above(span);
  return span;
}

/** One trace: CreateCampaign on the coordinator, the release of each task below it, its work on the worker, and its batches. */
function expectTrace(spans: readonly CollectedSpan[], tasks: number): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const above = ({ parentSpanId = '' }: CollectedSpan): CollectedSpan | undefined => byId.get(parentSpanId);
  const named = (name: string): CollectedSpan[] => spans.filter((span) => span.name === name);
  const [root] = named('unpair.v1.CampaignService/CreateCampaign');
  expect(root).toMatchObject({ service: 'unpair-coordinator' });
  const done = named('task').filter(({ attributes }) => attributes['outcome'] === 'done');
  expect(new Set(done.map(({ attributes }) => Number(attributes['task']))).size).toBe(tasks);
  for (const task of done) {
    const release = originOf(task, above);
    expect(task).toMatchObject({ service: 'unpair-worker', traceId: root?.traceId });
    expect(release).toMatchObject({ name: 'release', service: 'unpair-coordinator' });
    expect(release?.attributes['task']).toBe(task.attributes['task']);
    expect(release && above(release)).toBe(root);
  }
  const worked = new Set(named('batches').map(above));
  expect([...worked].every((span) => span?.name === 'task')).toBe(true);
  for (const task of done) if (task.attributes['kind'] === 'attack') expect(worked).toContain(task);
}

describe('the rows of a campaign', { timeout: 10 * timeout }, () => {
  let expected: Report;

  it(
    'are all there, with queries counted and nothing lost, and a trace that leads from the call to its batches',
    async () => {
      await using collector = await TraceCollector.start();
      expected = (await run({ workers: 1, collector })).report;
      expectTrace(collector.spans, expected.integrity.tasks);
      expect(expected.integrity).toMatchObject({ deadLetters: 0, cancelled: 0 });
      expect(expected.integrity.results).toBe(expected.integrity.tasks);
      expect(expected.integrity.resultsDigest).toMatch(/^[0-9a-f]{64}$/);
      expect(expected.models.map(({ id }) => id)).toEqual(['full', 'int8', 'stranger']);
      expect(expected.attacks).toHaveLength(6);
    },
    timeout,
  );

  const variants: readonly (readonly [name: string, options: RunOptions, trace: string])[] = [
    ['on two workers', { workers: 2 }, 'ready'],
    ['in one shard', { shardSize: 30 }, 'ready'],
    ['after kill -9 of a worker', { victims: '/worker/dist/main' }, 'worker-1 ended with SIGKILL'],
    [
      'after kill -9 of a compute process',
      { victims: '/worker/dist/compute/main' },
      'the compute process was lost',
    ],
  ];
  it.each(variants)(
    'are the same %s',
    async (_, options, trace) => {
      const { report, log } = await run(options);
      expect(log).toContain(trace);
      expect(report.integrity.resultsDigest).toBe(expected.integrity.resultsDigest);
      expect(report.integrity.deadLetters).toBe(0);
      expect(report.attacks).toEqual(expected.attacks);
    },
    timeout,
  );
});
