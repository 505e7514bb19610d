import { textTable } from '../kit/table.js';
import type { Case } from './cases.js';
import type { Workload } from './row.js';
import { TORCH_LAYOUTS } from './torch-rows.js';

/** Medians of one row. */
export interface Measured {
  readonly engine: string;
  readonly workload: Workload;
  readonly seconds: number;
}

/** A row beside its yardsticks; a ratio is a rate over theirs, so more is better. Null where there is none. */
export interface ReportedRow extends Measured {
  readonly imagesPerSecond: number;
  readonly ofSgemm: number | null;
  readonly ofTorch: number | null;
  readonly ofTorchChannelsLast: number | null;
  /** Time over that of the engine's own plain training step. */
  readonly ofTraining: number | null;
}

/** What was measured of one model. */
export interface ModelReport {
  readonly model: string;
  readonly batch: number;
  readonly rows: readonly ReportedRow[];
}

/** Passes over the model's products in a workload: forwards, and once more for each kind of gradient. */
const PASSES: Readonly<Partial<Record<Workload, number>>> = { forward: 1, gradient: 2, training: 3 };

/** Puts rows beside their yardsticks. */
export function modelReport(
  { label, batch }: Case,
  rows: readonly Measured[],
  flopsPerImage: number,
  sgemm: number,
): ModelReport {
  const secondsOf = (engine: string, workload: Workload): number | undefined =>
    rows.find((row) => row.engine === engine && row.workload === workload)?.seconds;
  const over = (seconds: number, other: number | undefined): number | null =>
    other === undefined ? null : other / seconds;
  const reported = rows.map((row): ReportedRow => {
    const { engine, workload, seconds } = row;
    const passes = PASSES[workload];
    const training = secondsOf(engine, 'training');
    return {
      ...row,
      imagesPerSecond: batch / seconds,
      ofSgemm: passes === undefined ? null : (passes * batch * flopsPerImage) / seconds / sgemm,
      ofTorch: over(seconds, secondsOf(TORCH_LAYOUTS.nchw, workload)),
      ofTorchChannelsLast: over(seconds, secondsOf(TORCH_LAYOUTS.channels_last, workload)),
      ofTraining: workload === 'unpairing' && training !== undefined ? seconds / training : null,
    };
  });
  return { model: label, batch, rows: reported };
}

/** A heading and a line for each row. */
export function reportTable({ model, batch, rows }: ModelReport): string {
  const head = ['', 'ms', 'images/s', 'of SGEMM', 'of PyTorch', 'of channels last', 'of plain step'];
  const ratio = (value: number | null): string => value?.toFixed(2) ?? '';
  const lines = rows.map((row) => [
    `${row.engine} ${row.workload}`,
    (1000 * row.seconds).toFixed(1),
    row.imagesPerSecond.toFixed(0),
    ratio(row.ofSgemm),
    ratio(row.ofTorch),
    ratio(row.ofTorchChannelsLast),
    ratio(row.ofTraining),
  ]);
  return `\n${model}, batch ${batch}\n${textTable([head, ...lines])}`;
}
