import type { TrainingPoint } from '@unpair/campaign';
import type { DerivedModel } from '@unpair/protocol';
import type { Queries } from './database.js';
import type { RowWriter } from './row-writer.js';

/** Adds the course of a model's training, wherever it led: a row for each number of each point. */
export function writeCurve(
  writer: RowWriter,
  { campaign, sequence }: { readonly campaign: string; readonly sequence: number },
  { model, curve }: Pick<DerivedModel, 'model' | 'curve'>,
): void {
  for (const { step, loss, accuracy, measures } of curve) {
    const values = Object.entries({ ...measures, loss, accuracy });
    for (const [measure, value] of values) {
      writer.add('training', campaign, model, BigInt(sequence), BigInt(step), measure, value);
    }
  }
}

/** The course of training of every model of a campaign that was trained, by name: of the last round that ended. */
export async function curvesOf(
  store: Queries,
  campaignId: string,
): Promise<ReadonlyMap<string, readonly TrainingPoint[]>> {
  const rows = await store.query(
    `SELECT model, step, measure, value FROM training WHERE campaign = $1
      QUALIFY sequence = max(sequence) OVER (PARTITION BY model) ORDER BY model, step, measure`,
    [campaignId],
  );
  const curves = new Map<string, TrainingPoint[]>();
  for (const row of rows) {
    const curve = curves.get(String(row['model'])) ?? [];
    curves.set(String(row['model']), curve);
    const step = Number(row['step']);
    const last = curve.at(-1)?.step === step ? curve.pop() : undefined;
    curve.push(extended(last ?? startOf(step), String(row['measure']), Number(row['value'])));
  }
  return curves;
}

function startOf(step: number): TrainingPoint {
  return { step, loss: 0, accuracy: 0, measures: {} };
}

function extended(point: TrainingPoint, measure: string, value: number): TrainingPoint {
  if (measure === 'loss' || measure === 'accuracy') return { ...point, [measure]: value };
  return { ...point, measures: { ...point.measures, [measure]: value } };
}
