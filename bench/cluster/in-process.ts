import type { Campaign, RowGroup } from '@unpair/campaign';
import { parseCampaign, planCampaign, resultsDigest } from '@unpair/campaign';
import type { SampleSet } from '@unpair/datasets';
import { inputs } from '@unpair/datasets';
import type { Graph, Runtime } from '@unpair/graph';
import { attacks, runAttack } from '@unpair/attacks';
import { consecutiveSamples, createClassifier } from '@unpair/classifiers';
import { measureAccuracy } from '@unpair/measurements';
import type { Measurement } from './measurement.js';

const BATCH = 64;

export interface InProcessOptions {
  readonly text: string;
  readonly model: Graph;
  readonly samples: SampleSet;
  readonly runtime: Runtime;
}

/** The campaign's work as a plain program does it: the model loaded once, each attack on all samples at once. */
export async function runInProcess({
  text,
  model,
  samples,
  runtime,
}: InProcessOptions): Promise<Measurement> {
  const campaign = campaignIn(text);
  const start = performance.now();
  const target = await createClassifier({ graph: model, runtime, threads: 1 });
  try {
    const all = consecutiveSamples(0, inputs(samples), samples.labels);
    const accuracy = await measureAccuracy(target, all, { batchSize: BATCH });
    const groups: RowGroup[] = [{ kind: 'accuracy', model: 'full', rows: accuracy }];
    for (const { id: cell, attack, parameters, norm, epsilon } of planCampaign(campaign).cells) {
      const definition = attacks.get(attack);
      if (definition === undefined) throw new RangeError(`no attack is called "${attack}"`);
      const rows = await runAttack({
        ...{ definition, parameters, target, surrogates: [], samples: all, threat: { norm, epsilon } },
        ...{ seed: campaign.seed, cell, batchSize: BATCH },
      });
      groups.push({ kind: 'attack', cell, rows });
    }
    const seconds = (performance.now() - start) / 1000;
    return { seconds, wallSeconds: seconds, busySeconds: seconds, digest: resultsDigest(groups) };
  } finally {
    await target.close();
  }
}

function campaignIn(text: string): Campaign {
  const parsed = parseCampaign(text);
  if (parsed.ok) return parsed.campaign;
  throw new TypeError(
    parsed.violations.map(({ field, description }) => `${field} ${description}`).join('; '),
  );
}
