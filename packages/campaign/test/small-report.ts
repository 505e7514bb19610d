import type { AttackRow } from '@unpair/attacks';
import type { Report, ReportInput } from '../src/index.js';
import { buildReport, planCampaign } from '../src/index.js';
import { MemoryResults } from './memory-results.js';
import { parsed, valid, catalogue } from './fixtures.js';
import { attackRow, similarityRow } from './rows.js';

const campaign = parsed(valid);
/** The plan of the valid file. */
export const plan = planCampaign(campaign, catalogue);

/** Identity of the cell of the valid plan with this attack and surrogate. */
export function cellId(attack: string, surrogate: string | null): string {
  const cell = plan.cells.find(
    (other) => other.attack === attack && (other.surrogate?.name ?? null) === surrogate,
  );
  if (cell === undefined) throw new Error(`no cell of ${attack} with ${String(surrogate)}`);
  return cell.id;
}

/** Rows of samples 1, 2, … that cost so many queries, null for a failure; sample 0 was wrong to begin with. */
export function rows(...queries: readonly (number | null)[]): readonly AttackRow[] {
  return [
    attackRow(0, { cleanCorrect: false, success: false, successRounded: false, queries: 0, linf: 0, l2: 0 }),
    ...queries.map((count, index) =>
      attackRow(index + 1, {
        success: count !== null,
        successRounded: count !== null && index > 0,
        surrogateCorrect: index !== 0,
        queries: count ?? 500,
        surrogateQueries: 2 * index,
        l2: index,
      }),
    ),
  ];
}

const FULL = {
  digest: 'abc',
  parameters: 270_000,
  bytes: 1_100_000,
  nonZero: 269_000,
  macs: 40_000_000,
  queries: null,
  failure: null,
  source: { format: 'tflite', digest: 'def' },
};

/** A report's input over these rows. */
export function inputOf(results: MemoryResults): ReportInput {
  return {
    campaign,
    plan,
    results,
    models: new Map([['full', FULL]]),
    integrity: { results: 3, failed: 0, deadLetters: 1, cancelled: 0, wastedQueries: 12 },
    provenance: {
      versions: { unpair: '0.1.0' },
      runtime: ['onnxruntime 1.27 cpu'],
      workers: [{ worker: 'w', runtime: 'onnxruntime 1.27 cpu', results: 3 }],
      started: null,
      finished: null,
    },
  };
}

/** A small report, whose numbers can be computed by hand. */
export function report(): Promise<Report> {
  return buildReport(inputOf(reportRows()));
}

/** The report of the valid file with the class 3 to reach, whose one attack left sample 0 out and succeeded once in two. */
export function targetedReport(): Promise<Report> {
  const targeted = parsed(valid.replace('8/255', '8/255, goal: { reach: 3 }'));
  const grid = planCampaign(targeted, catalogue);
  const results = new MemoryResults();
  const cell = grid.cells.find(({ attack }) => attack === 'rgf')?.id ?? '';
  const failure = { success: false, successRounded: false, linf: 0, l2: 0 };
  results.add({
    kind: 'attack',
    cell,
    rows: [
      attackRow(1, { queries: 10 }),
      attackRow(2, { ...failure, queries: 500 }),
      attackRow(3, { ...failure, cleanCorrect: false, queries: 0 }),
    ],
  });
  return buildReport({ ...inputOf(results), campaign: targeted, plan: grid });
}

/** The rows of the small report. */
export function reportRows(): MemoryResults {
  const results = new MemoryResults();
  results.add({
    kind: 'accuracy',
    model: 'full',
    rows: Array.from({ length: 10 }, (_, sample) => ({ sample, label: 1, predicted: sample < 8 ? 1 : 2 })),
  });
  results.add({
    kind: 'similarity',
    surrogate: 'int8',
    target: 'full',
    inputs: 'clean',
    rows: [
      similarityRow(0, { cosine: 0.9, surrogateNorm: 2 }),
      similarityRow(1, { cosine: -0.3, surrogateNorm: 8, klDivergence: 0.65 }),
      similarityRow(2, { cosine: 0.6, surrogateNorm: 0.5 }),
      similarityRow(3, { cosine: Number.NaN, surrogateNorm: 0, agree: false }),
    ],
  });
  results.add({
    kind: 'similarity',
    surrogate: 'int8',
    target: 'full',
    inputs: 'adversarial',
    rows: [similarityRow(0, { cosine: -0.5 }), similarityRow(1, { cosine: -0.1 })],
  });
  results.add({
    kind: 'alignment',
    surrogate: 'int8',
    target: 'full',
    rows: [
      { sample: 16, cross: 3, surrogate: 5, target: 2 },
      { sample: 0, cross: 3, surrogate: 4, target: 2 },
    ],
  });
  results.add({ kind: 'attack', cell: cellId('rgf', null), rows: rows(100, 300, 200, null) });
  results.add({ kind: 'attack', cell: cellId('p-rgf', 'int8'), rows: rows(10, 20, 30, 40) });
  results.add({ kind: 'attack', cell: cellId('p-rgf', 'stranger'), rows: rows(null, 50, 100, null) });
  results.add({ kind: 'attack', cell: cellId('pgd', 'int8'), rows: rows(1, 1, null, 1) });
  results.add({ kind: 'attack', cell: cellId('pgd', 'stranger'), rows: rows(null, null, null, null) });
  return results;
}
