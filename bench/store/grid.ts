import type { Campaign, Plan, PlannedTask } from '@unpair/campaign';
import { parseCampaign, planCampaign, rowKind } from '@unpair/campaign';
import type { TaskResult } from '@unpair/protocol';

/** The id of the campaign that {@link gridOf} makes. */
export const campaignId = 'c-0123456789abcdef0123';

/** A campaign of thousands of cells, as one who sweeps everything would ask for. */
export interface Grid {
  readonly campaign: Campaign;
  readonly plan: Plan;
}

export interface GridSize {
  readonly samples: number;
  readonly shard: number;
  readonly surrogates: number;
}

const list = (count: number, value: (at: number) => string): string =>
  `[${Array.from({ length: count }, (_, at) => value(at)).join(', ')}]`;

/** So many surrogates × 180/surrogates balls × (10 + 10 attacks through them), and 20 attacks without in each ball. */
export function gridOf({ samples, shard, surrogates }: GridSize): Grid {
  const names = Array.from({ length: surrogates }, (_, at) => `sibling${at}`);
  const balls = Math.round(180 / surrogates);
  const budgets = list(10, (at) => `${100 * (at + 1)}`);
  const parsed = parseCampaign(`name: grid
seed: 1
dataset: { source: cifar10, samples: ${samples} }
models:
  full: { file: full.onnx }
${names.map((name) => `  ${name}: { file: ${name}.onnx }\n`).join('')}targets: [full]
surrogates: [${names.join(', ')}]
similarity: { perturbed: false }
threat: { epsilon: ${list(balls, (at) => `${at + 1}/255`)} }
attacks:
  - pgd: { steps: ${list(10, (at) => `${at + 1}`)} }
  - p-rgf: { budget: ${budgets} }
  - rgf: { budget: ${budgets} }
  - square: { budget: ${budgets} }
allow: near-chance
shardSize: ${shard}
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return { campaign: parsed.campaign, plan: planCampaign(parsed.campaign) };
}

type Outcome = Exclude<TaskResult['outcome'], undefined>;

/** A result as a worker would bring it; its numbers depend on sample and task alone. */
export function resultOf(task: PlannedTask): TaskResult {
  const about = { campaignId, index: task.index, round: 0, generation: 0, worker: 'worker-1' };
  return { ...about, runtime: 'onnxruntime 1.30 cpu', seconds: 1, outcome: outcomeOf(task) };
}

function outcomeOf(task: PlannedTask): Outcome {
  if (task.kind === 'derive') throw new Error('the grid derives no models');
  const { first, count } = task.samples;
  const samples = Array.from({ length: task.kind === 'alignment' ? 1 : count }, (_, at) => first + at);
  const rows: unknown = samples.map((sample) => rowOf(task, sample));
  const names: Readonly<Record<string, unknown>> = { ...task };
  const key =
    task.kind === 'attack'
      ? { cell: task.cell.id }
      : Object.fromEntries(
          Object.keys(rowKind(task.kind).key).map((part) => {
            const model = names[part] as string | { readonly name: string };
            return [part, typeof model === 'string' ? model : model.name];
          }),
        );
  const sizes = { parameters: 270_000, bytes: 1_100_000, nonZero: 270_000, macs: 41_000_000 };
  const value: unknown = { ...key, ...(task.kind === 'accuracy' ? sizes : {}), rows };
  return { $case: task.kind, value } as Outcome;
}

function rowOf(task: PlannedTask, sample: number): unknown {
  const hard = (sample * 7 + task.index * 13) % 97;
  switch (task.kind) {
    case 'attack':
      return {
        sample,
        label: sample % 10,
        cleanCorrect: sample % 11 !== 0,
        surrogateCorrect: sample % 9 !== 0,
        success: hard % 3 !== 0,
        successRounded: hard % 3 === 1,
        queries: Math.min(task.cell.budget, 1 + hard * 5),
        surrogateQueries: hard,
        zeroGradients: 0,
        invalidGradients: 0,
        surrogateForwards: 0,
        distance100: 0,
        distance300: 0,
        distance1000: 0,
        distance3000: 0,
        distance10000: 0,
        linf: task.cell.epsilon,
        l2: hard / 97,
      };
    case 'accuracy':
      return { sample, label: sample % 10, predicted: hard % 8 === 0 ? (sample + 1) % 10 : sample % 10 };
    case 'alignment':
      return { sample, cross: 0.5 + hard / 200, surrogate: 1, target: 1 };
    default:
      return {
        sample,
        cosine: hard / 97,
        surrogateNorm: 1 + hard,
        targetNorm: 2,
        agree: hard % 5 !== 0,
        klDivergence: hard / 50,
        logitCorrelation: hard / 97,
        hogCosine: hard / 97,
        edgeIou: hard / 97,
        surrogateCurvature: 1,
        targetCurvature: 2,
      };
  }
}
