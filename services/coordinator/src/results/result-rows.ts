import type { AttackRows, DerivedModel, SimilarityRows, TaskResult, WastedAttempt } from '@unpair/protocol';
import type { TaskOutcome } from '../campaigns/outcome.js';
import { writeCurve } from './curves.js';
import type { RowWriter } from './row-writer.js';

type Size = 'bytes' | 'parameters' | 'nonZero' | 'macs';

/** Adds what a result brings to the tables: one row for the task, and its per-sample rows. */
export function writeResult(writer: RowWriter, result: TaskResult, outcome: TaskOutcome): void {
  const { campaignId, index, worker, runtime, seconds } = result;
  const { sequence, time, kind, queries, failure } = outcome;
  const task = BigInt(index);
  const when = BigInt(time.getTime());
  const place = [campaignId, task, BigInt(sequence), when] as const;
  writer.add('tasks', ...place, kind, BigInt(queries), failure, worker, runtime, seconds);
  writeContent(writer, campaignId, task, result.outcome);
}

/** Adds the queries of an attempt that came too late. */
export function writeWasted(writer: RowWriter, { campaignId, index, queries }: WastedAttempt): void {
  writer.add('wasted', campaignId, BigInt(index), BigInt(queries));
}

function writeContent(
  writer: RowWriter,
  campaign: string,
  task: bigint,
  outcome: TaskResult['outcome'],
): void {
  switch (outcome?.$case) {
    case 'derived': {
      const { model, digest } = outcome.value;
      const queries = BigInt(outcome.value.queries);
      writer.add('models', campaign, task, model, digest, ...sizes(outcome.value), queries);
      writeCurve(writer, campaign, outcome.value);
      return;
    }
    case 'accuracy': {
      const { model, rows } = outcome.value;
      writer.add('models', campaign, task, model, null, ...sizes(outcome.value), null);
      for (const { sample, label, predicted } of rows) {
        writer.add('accuracy', campaign, model, BigInt(sample), { int32: label }, { int32: predicted });
      }
      return;
    }
    case 'similarity': {
      writeSimilarity(writer, campaign, outcome.value);
      return;
    }
    case 'alignment': {
      const { surrogate, target, rows } = outcome.value;
      for (const row of rows) {
        const place = [campaign, surrogate, target, BigInt(row.sample)] as const;
        writer.add('alignment', ...place, row.cross, row.surrogate, row.target);
      }
      return;
    }
    case 'masking': {
      const { model, rows } = outcome.value;
      for (const { sample, cleanCorrect, unbounded, gradient, random, lossRises } of rows) {
        const found = [cleanCorrect, unbounded, gradient, random, lossRises] as const;
        writer.add('masking', campaign, model, BigInt(sample), ...found);
      }
      return;
    }
    case 'attack': {
      writeAttack(writer, campaign, outcome.value);
      return;
    }
    case 'failure': {
      const { training } = outcome.value;
      if (training !== undefined) writeCurve(writer, campaign, training);
      return;
    }
    case 'deadLetter':
    case undefined:
  }
}

function writeSimilarity(writer: RowWriter, campaign: string, value: SimilarityRows): void {
  const { surrogate, target, inputs, rows } = value;
  for (const row of rows) {
    const { cosine, surrogateNorm, targetNorm, agree, klDivergence, logitCorrelation } = row;
    const place = [campaign, surrogate, target, inputs, BigInt(row.sample)] as const;
    const outputs = [agree, klDivergence, logitCorrelation] as const;
    const curvatures = [row.surrogateCurvature, row.targetCurvature] as const;
    writer.add('similarity', ...place, cosine, surrogateNorm, targetNorm, ...outputs, ...curvatures);
  }
}

function writeAttack(writer: RowWriter, campaign: string, { cell, rows }: AttackRows): void {
  for (const row of rows) {
    const { cleanCorrect, surrogateCorrect, success, successRounded, linf, l2 } = row;
    const place = [campaign, cell, BigInt(row.sample), { int32: row.label }] as const;
    const flags = [cleanCorrect, surrogateCorrect, success, successRounded] as const;
    const counts = [BigInt(row.queries), BigInt(row.surrogateQueries)] as const;
    writer.add('attacks', ...place, ...flags, ...counts, linf, l2);
  }
}

function sizes({ bytes, parameters, nonZero, macs }: Pick<DerivedModel, Size>): readonly (bigint | null)[] {
  return [BigInt(bytes), BigInt(parameters), BigInt(nonZero), macs === undefined ? null : BigInt(macs)];
}
