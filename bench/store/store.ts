import { createHash } from 'node:crypto';
import { buildReport, type Draw } from '@unpair/campaign';
import { createLogger, systemClock } from '@unpair/platform';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Breath } from '../../services/coordinator/src/results/breath.js';
import { Collector } from '../../services/coordinator/src/results/collector.js';
import { eventOf, type ResultEvent } from '../../services/coordinator/src/results/result-log.js';
import { DrawThreads } from '../../services/coordinator/src/results/draw-threads.js';
import { ResultStore } from '../../services/coordinator/src/results/result-store.js';
import { StoredResults } from '../../services/coordinator/src/results/stored-results.js';
import type { Runtime } from '@unpair/graph';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import { textTable } from '../kit/table.js';
import { campaignId, gridOf, type Grid } from './grid.js';
import { readMessages, writeMessages } from './messages.js';

/** What one part took. */
interface Measured {
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  /** Longest time in milliseconds that the event loop was not free. */
  readonly blocked: number;
  /** Most memory of the process, in MB. */
  readonly memory: number;
}

/** Rows into the result store and a report of 4,000 cells out of it, as the coordinator does both. */
export async function runStoreBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, json } = readOptions(args, {
    samples: { default: 100, min: 1 },
    shard: { default: 25, min: 1 },
    surrogates: { default: 9, min: 1 },
    report: { default: 1, min: 0 },
  });
  const machine = machineFacts({ name: 'duckdb', version: '1.5', device: 'cpu' } as Runtime);
  process.stdout.write(describeMachine(machine));
  const grid = gridOf(numbers);
  const folder = await mkdtemp(join(tmpdir(), 'unpair-bench-'));
  try {
    const [path, messages] = [join(folder, 'results.duckdb'), join(folder, 'messages')];
    await writeMessages(messages, numbers);
    await using store = await ResultStore.open({ path, streamId: 's' });
    const ingest = await measured(() => take(store, grid, messages));
    const rows = ingest.value;
    const { draw } = new DrawThreads();
    const makeReport = (): Promise<number> =>
      numbers.report === 0 ? Promise.resolve(0) : reportOf(store, grid, draw);
    const report = await measured(makeReport);
    // As a campaign that goes on has it: every group is known already.
    const again = await measured(makeReport);
    const { size } = await stat(path);
    const rates = {
      ...{ rows, rowsPerSecond: Math.round(rows / ingest.result.seconds) },
      rowsPerCpuSecond: Math.round(rows / ingest.result.cpuSeconds),
    };
    const results = {
      ...{ cells: grid.plan.cells.length, tasks: grid.plan.size, ...rates, fileMegabytes: size / 1e6 },
      ...{ ingest: ingest.result, report: { ...report.result, megabytes: report.value / 1e6 } },
      again: again.result,
    };
    process.stdout.write(table(results));
    await writeResults(json, { benchmark: 'store', machine, settings: numbers, results });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Takes in all messages of a file; the number of their rows. */
async function take(store: ResultStore, grid: Grid, file: string): Promise<number> {
  let rows = 0;
  const read = async function* (): AsyncGenerator<ResultEvent, void, undefined> {
    for await (const message of readMessages(file, grid.plan.size)) {
      const event = eventOf(message);
      const outcome = event.kind === 'result' ? event.result.outcome?.value : undefined;
      if (outcome !== undefined && 'rows' in outcome) rows += outcome.rows.length;
      yield event;
    }
  };
  const stop = new AbortController();
  const nothing = (): void => undefined;
  const collector = new Collector({
    log: { left: () => Promise.resolve(grid.plan.size), read },
    store,
    listener: { plan: () => grid.plan, onResult: nothing, onWasted: nothing, onSkipped: nothing },
    clock: systemClock,
    logger: createLogger({ service: 'bench', level: 'info', destination: process.stderr }),
  });
  await collector.run(
    grid.plan.size,
    () => {
      stop.abort();
    },
    stop.signal,
  );
  await store.flush();
  return rows;
}

async function reportOf(store: ResultStore, { campaign, plan }: Grid, draw: Draw): Promise<number> {
  const integrity = { results: plan.size, failed: 0, deadLetters: 0, cancelled: 0, wastedQueries: 0 };
  const provenance = { versions: {}, runtime: [], workers: [], started: null, finished: null };
  const results = new StoredResults(store, campaignId);
  const breath = new Breath(systemClock);
  const input = { campaign, plan, results, models: new Map(), integrity, provenance };
  const text = JSON.stringify(await buildReport(input, { pause: () => breath.take(), draw }));
  process.stdout.write(`${createHash('sha256').update(text).digest('hex')}\n`);
  return text.length;
}

async function measured<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly result: Measured }> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss() / 1e6);
  }, 100);
  const [cpu, start] = [cpuSeconds(), performance.now()];
  const value = await work();
  const seconds = (performance.now() - start) / 1e3;
  const spent = cpuSeconds() - cpu;
  clearInterval(watch);
  // Lets the watch see what the last piece took.
  await systemClock.sleep(20);
  delay.disable();
  return {
    value,
    result: { seconds, cpuSeconds: spent, blocked: delay.max / 1e6, memory: Math.round(memory) },
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function table(results: {
  readonly cells: number;
  readonly tasks: number;
  readonly rows: number;
  readonly rowsPerSecond: number;
  readonly rowsPerCpuSecond: number;
  readonly ingest: Measured;
  readonly report: Measured & { readonly megabytes: number };
  readonly again: Measured;
}): string {
  const { cells, tasks, rows, rowsPerSecond, rowsPerCpuSecond, ingest, report, again } = results;
  const line = (name: string, { seconds, cpuSeconds: cpu, blocked, memory }: Measured): readonly string[] => [
    name,
    ...[seconds.toFixed(1), cpu.toFixed(1), blocked.toFixed(0), memory.toFixed(0)],
  ];
  const text = textTable([
    ['', 'seconds', 'cpu s', 'blocked ms', 'MB'],
    line('ingest', ingest),
    line('report', report),
    line('again', again),
  ]);
  const head = `${rows} rows of ${tasks} tasks and ${cells} cells: ${rowsPerSecond} rows a second, ${rowsPerCpuSecond} for each second of a core; `;
  return `${head}a report of ${report.megabytes.toFixed(1)} MB\n${text}`;
}
