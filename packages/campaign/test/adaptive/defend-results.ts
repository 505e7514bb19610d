import type { AttackRow } from '@unpair/attacks';
import type { Campaign, Cell, DefenceReport, Report } from '../../src/index.js';
import { buildReport, planCampaign } from '../../src/index.js';
import { MemoryResults } from '../memory-results.js';
import { attackRow, maskingRow } from '../rows.js';
import { defend } from './defend-file.js';

/** Ten samples, all of which the target gets right, at one epsilon. */
export const campaign = defend({ epsilon: '8/255', samples: 10 });
export const SAMPLES = Array.from({ length: 10 }, (_, sample) => sample);

/** Rows of transfer that fools the model on the first `count` samples. */
export const fooled = (count: number): readonly AttackRow[] =>
  SAMPLES.map((sample) => attackRow(sample, { success: sample < count }));

/** Rows of a search that takes so many queries for every sample. */
export const costing = (queries: number): readonly AttackRow[] =>
  SAMPLES.map((sample) => attackRow(sample, { queries }));

/** Rows by what `keyOf` says of a cell. */
type Results = ReadonlyMap<string, readonly AttackRow[]>;

/** What is looked at of a cell: attack, who is attacked through whom, and what tells adaptive ones apart. */
function keyOf({ attack, surrogate, target, parameters }: Cell): string {
  const told =
    parameters['flipped'] === true ? ' flipped' : parameters['smoothing'] === 32 ? ' smoothed' : '';
  return `${attack}${told} ${surrogate?.name ?? '-'} → ${target}`;
}

/** An unpaired sibling that holds against some attackers. */
export const RESULTS: Results = new Map([
  ['pgd int8 → full', fooled(9)],
  ['pgd int8-unpaired → full', fooled(3)],
  ['pgd stranger → full', fooled(6)],
  ['mi-fgsm stranger → full', fooled(4)],
  ['mi-fgsm stranger~imitated-10000 → full', fooled(6)],
  ['pgd flipped int8-unpaired → full', fooled(5)],
  ['mi-fgsm int8-unpaired~imitated-1000 → full', fooled(6)],
  ['mi-fgsm int8-unpaired~imitated-10000 → full', fooled(10)],
  ['pgd full → int8-unpaired', fooled(10)],
  ['pgd full → stranger', fooled(2)],
  ['rgf - → full', costing(200)],
  ['p-rgf int8 → full', costing(10)],
  ['p-rgf int8-unpaired → full', costing(190)],
  ['p-rgf stranger → full', costing(100)],
  ['p-rgf smoothed int8-unpaired → full', costing(20)],
]);

/** Rows of every cell of a campaign. */
export function everywhere(of: Campaign, rowsOf: (cell: Cell) => readonly AttackRow[]): Results {
  return new Map(planCampaign(of).cells.map((cell) => [keyOf(cell), rowsOf(cell)]));
}

/** Rows of a masking check that is passed on every sample. */
export function unmasked(results: MemoryResults): void {
  const rows = SAMPLES.map((sample) => maskingRow(sample));
  results.add({ kind: 'masking', model: 'int8-unpaired', rows });
}

/** The report of a campaign whose cells have these rows, by attack, surrogate and target, and none otherwise. */
export async function reportOf(
  of: Campaign,
  cells: Results,
  change: (results: MemoryResults) => void = () => undefined,
): Promise<Report> {
  const plan = planCampaign(of);
  const results = new MemoryResults();
  for (const cell of plan.cells)
    results.add({ kind: 'attack', cell: cell.id, rows: cells.get(keyOf(cell)) ?? [] });
  change(results);
  const facts = { digest: null, parameters: null, bytes: null, nonZero: null, macs: null, failure: null };
  const imitation = { ...facts, queries: 9999 };
  return buildReport({
    campaign: of,
    plan,
    results,
    models: new Map([['int8-unpaired~imitated-10000', imitation]]),
    integrity: { results: 0, failed: 0, deadLetters: 0, cancelled: 0, wastedQueries: 0 },
    provenance: { versions: {}, runtime: [], workers: [], started: null, finished: null },
  });
}

/** The only defence of a report. */
export function defenceOf({ defence: [first, ...more] }: Report): DefenceReport {
  if (first === undefined || more.length > 0) throw new Error('the report has one defence');
  return first;
}
