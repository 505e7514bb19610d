import { median } from '@unpair/numerics';
import { createOnnxRuntime } from '@unpair/runtime';
import { describeMachine, machineFacts } from '../kit/machine.js';
import { readOptions } from '../kit/options.js';
import { writeResults } from '../kit/results-file.js';
import type { Case } from './cases.js';
import { CASES } from './cases.js';
import { findEngines } from './engines.js';
import { flopsPerImage } from './flops.js';
import type { Measured, ModelReport } from './report.js';
import { modelReport, reportTable } from './report.js';
import type { Engine, Row } from './row.js';
import { medianSeconds } from './row.js';
import { loadSgemm } from './sgemm.js';

const OPTIONS = { rounds: { default: 7, min: 1 } } as const;

/**
 * Times every workload of every model on every engine that is installed, on one thread. The rows of a model take
 * turns within every round, so that what else the machine does hits all of them; ratios are of medians.
 */
export async function runEngineBenchmark(args: readonly string[]): Promise<void> {
  const { numbers, texts, json } = readOptions(args, OPTIONS, ['model']);
  const chosen = chosenCases(texts.model);
  const machine = machineFacts(createOnnxRuntime());
  process.stdout.write(describeMachine(machine));
  const engines = await findEngines();
  process.stdout.write(
    `${engines.map(({ name }) => name).join('; ')}; one thread, medians of ${numbers.rounds} rounds\n`,
  );
  const results: ModelReport[] = [];
  for (const model of chosen) {
    const report = await measureModel(model, engines, numbers.rounds);
    process.stdout.write(reportTable(report));
    results.push(report);
  }
  const settings = { rounds: numbers.rounds, engines: engines.map(({ name }) => name).join('; ') };
  await writeResults(json, { benchmark: 'engine', machine, settings, results });
}

/** @throws {RangeError} for a model that is none of the cases */
function chosenCases(name: string | undefined): readonly Case[] {
  const chosen = name === undefined ? CASES : CASES.filter((model) => model.name === name);
  if (chosen.length > 0) return chosen;
  const known = CASES.map((model) => model.name).join(', ');
  throw new RangeError(`--model is "${name ?? ''}"; it must be one of: ${known}`);
}

async function measureModel(model: Case, engines: readonly Engine[], rounds: number): Promise<ModelReport> {
  const sgemm = await loadSgemm();
  const rows: Row[] = [];
  try {
    for (const engine of engines) rows.push(...(await engine.rows(model)));
    const peaks: number[] = [];
    for (const row of rows) await row.measure();
    for (let round = 0; round < rounds; round++) {
      peaks.push(await sgemm.measure());
      for (const row of rows) row.seconds.push(await row.measure());
    }
    const measured = rows.map((row): Measured => ({
      engine: row.engine,
      workload: row.workload,
      seconds: medianSeconds(row),
    }));
    return modelReport(model, measured, flopsPerImage(model.build()), median(peaks));
  } finally {
    await Promise.all([sgemm.close(), ...rows.map((row) => row.close())]);
  }
}
