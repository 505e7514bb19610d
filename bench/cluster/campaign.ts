import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleSet } from '@unpair/datasets';
import { encodeSampleSet } from '@unpair/datasets';
import type { Graph } from '@unpair/graph';
import { encodeModel } from '@unpair/graph';

/** The shard size that a campaign has when its file says nothing. */
const SHARD = 25;
/** Two iterations of RGF with its 50 directions. */
const BUDGET = 102;
const ATTACKS = ['rgf', 'square'] as const;

/** How much work a campaign is. */
export interface CampaignSize {
  readonly samples: number;
  readonly shardSize: number;
  readonly budget: number;
  readonly attackTasks: number;
}

/**
 * A campaign that takes about so many seconds at a rate of target evaluations per second. Nothing succeeds in it, so
 * its queries are known; the number of tasks is even, so that two workers can end together.
 */
export function campaignOf(seconds: number, rate: number): CampaignSize {
  const shards = Math.max(1, Math.round((seconds * rate) / (ATTACKS.length * SHARD * BUDGET)));
  return {
    samples: shards * SHARD,
    shardSize: SHARD,
    budget: BUDGET,
    attackTasks: ATTACKS.length * shards,
  };
}

/** A campaign on disk. */
export interface CampaignFiles {
  readonly path: string;
  readonly text: string;
}

/** Writes model, samples and campaign file to a folder. */
export async function writeCampaign(
  folder: string,
  model: Graph,
  samples: SampleSet,
  { shardSize, budget }: CampaignSize,
): Promise<CampaignFiles> {
  await writeFile(join(folder, 'full.onnx'), encodeModel(model));
  await writeFile(join(folder, 'noise.npz'), encodeSampleSet(samples));
  const text = `name: benchmark
seed: 1
dataset: { source: noise.npz, split: test, samples: ${samples.count} }
models:
  full: { file: full.onnx }
targets: [full]
threat: { norm: linf, epsilon: 0.000001 }
attacks:
${ATTACKS.map((attack) => `  - ${attack}: { budget: ${budget} }\n`).join('')}shardSize: ${shardSize}
`;
  const path = join(folder, 'campaign.yaml');
  await writeFile(path, text);
  return { path, text };
}
