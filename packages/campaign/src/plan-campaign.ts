import type { SimilarityInputs } from '@unpair/measurements';
import { SIMILARITY_INPUTS } from '@unpair/measurements';
import type { Campaign, ModelEntry } from './campaign.js';
import { maskedModels } from './adaptive/defences.js';
import { gridOf } from './cells.js';
import { heldOutSamplesOf } from './data-checks.js';
import { derivationOrder, isDerived, parentsOf, sampleDemandOf } from './derivation.js';
import type { Pair } from './pairs.js';
import { pairsOf } from './pairs.js';
import type { Cell, Plan, PlannedTask, Range } from './plan.js';
import { BUILT_IN } from './built-in.js';
import { onlyModelOf } from './surrogate.js';
import type { Catalogue } from './catalogue.js';

/** A run of consecutive tasks that differ only in the samples they cover. */
interface Block {
  /** Samples to cover, cut into shards; a block that does not go over samples is one task. */
  readonly samples: number;
  task(index: number, samples: Range): PlannedTask;
}

/**
 * Lays out a campaign as numbered tasks: derived models in the order they need each other, then accuracy and
 * similarity, then masking of defended ones, then the grid of attacks, cheap ones first, and what tries defences last.
 * Memory grows with the grid, not with the samples.
 */
export function planCampaign(campaign: Campaign, catalogue: Catalogue = BUILT_IN): Plan {
  const { cells, adaptive } = gridOf(campaign, catalogue);
  const blocks = [
    ...deriveBlocks(campaign, catalogue),
    ...accuracyBlocks(campaign),
    ...pairsOf(campaign).flatMap((pair) => pairBlocks(pair, campaign)),
    ...maskingBlocks(campaign),
    ...attackBlocks(campaign, cells),
  ];
  const starts: number[] = [];
  let size = 0;
  for (const { samples } of blocks) {
    starts.push(size);
    size += Math.ceil(samples / campaign.shardSize);
  }
  const task = (index: number): PlannedTask => taskAt(index, size, starts, blocks, campaign.shardSize);
  return { size, blocks: starts, cells, adaptive, task };
}

function taskAt(
  index: number,
  size: number,
  starts: readonly number[],
  blocks: readonly Block[],
  shardSize: number,
): PlannedTask {
  const at = lastAtMost(starts, index);
  const [block, start] = [blocks[at], starts[at]];
  if (!Number.isInteger(index) || index >= size || block === undefined || start === undefined)
    throw new RangeError(`task index must be an integer from 0 to ${size - 1}, got ${index}`);
  const first = (index - start) * shardSize;
  return block.task(index, { first, count: Math.min(shardSize, block.samples - first) });
}

/** Position of the last entry of an ascending list that is at most `value`; −1 without one. */
function lastAtMost(ascending: readonly number[], value: number): number {
  let [low, high] = [-1, ascending.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ascending[middle] ?? Infinity) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function deriveBlocks(campaign: Campaign, catalogue: Catalogue): readonly Block[] {
  const { models } = campaign;
  const held = heldOutSamplesOf(campaign, catalogue);
  return derivationOrder(models).map(([model, entry]) => {
    const { wanted, heldOut } = sampleDemandOf(entry, catalogue);
    return {
      samples: 1,
      task: (index) => ({
        index,
        stage: 'derive',
        needs: derived(models, ...parentsOf(entry)),
        kind: 'derive',
        model,
        of: entry.of,
        from: entry.from ?? null,
        recipe: entry.kind,
        parameters: entry.parameters,
        trainingSamples: wanted,
        heldOut: heldOut === undefined ? null : { first: held - heldOut.count, count: heldOut.count },
      }),
    };
  });
}

function accuracyBlocks({ models, dataset: { samples } }: Campaign): readonly Block[] {
  return [...models.keys()].map((model): Block => ({
    samples,
    task: (index, range) => ({
      index,
      stage: 'measure',
      needs: derived(models, model),
      kind: 'accuracy',
      model,
      samples: range,
    }),
  }));
}

function pairBlocks(pair: Pair, campaign: Campaign): readonly Block[] {
  const kinds = campaign.similarity.perturbed ? SIMILARITY_INPUTS : (['clean'] as const);
  const similarity = kinds.map((inputs) => similarityBlock(pair, inputs, campaign));
  // An ensemble has no features of its own.
  const surrogate = onlyModelOf(pair.surrogate);
  return surrogate === undefined
    ? similarity
    : [...similarity, alignmentBlock(surrogate, pair.target, campaign)];
}

function similarityBlock(
  { surrogate, target }: Pair,
  inputs: SimilarityInputs,
  { models, threat, dataset: { samples } }: Campaign,
): Block {
  return {
    samples,
    task: (index, range) => ({
      index,
      stage: 'measure',
      needs: derived(models, ...surrogate.models, target),
      kind: 'similarity',
      surrogate,
      target,
      inputs,
      threat: { norm: threat.norm, epsilon: Math.max(...threat.epsilons) },
      samples: range,
    }),
  };
}

function alignmentBlock(surrogate: string, target: string, { models, dataset }: Campaign): Block {
  return {
    samples: 1,
    task: (index) => ({
      index,
      stage: 'measure',
      needs: derived(models, surrogate, target),
      kind: 'alignment',
      surrogate,
      target,
      samples: { first: 0, count: dataset.samples },
    }),
  };
}

/** A search of 500 queries and a hundred gradients for each sample: fewer samples tell enough. */
const MASKING_SAMPLES = 100;

function maskingBlocks({ adaptive, models, dataset, threat }: Campaign): readonly Block[] {
  return maskedModels(adaptive).map((model) => ({
    samples: Math.min(dataset.samples, MASKING_SAMPLES),
    task: (index, samples) => ({
      index,
      stage: 'measure',
      needs: derived(models, model),
      kind: 'masking',
      model,
      threat: { norm: threat.norm, epsilon: Math.max(...threat.epsilons) },
      samples,
    }),
  }));
}

function attackBlocks({ models }: Campaign, cells: readonly Cell[]): readonly Block[] {
  return cells.flatMap((cell): readonly Block[] => {
    const { first, preparation } = cell;
    const needs = derived(models, cell.target, ...(cell.surrogate?.models ?? []));
    const all = preparation === null ? needs : [...needs, cell.id];
    const attack: Block = {
      samples: cell.samples - first,
      task: (index, { first: at, count }) => {
        const samples = { first: first + at, count };
        return { index, stage: 'attack', needs: all, kind: 'attack', cell, samples };
      },
    };
    if (preparation === null) return [attack];
    const samples = { first: 0, count: preparation.samples };
    const prepare = { stage: 'attack', needs, kind: 'prepare', cell, samples } as const;
    return [{ samples: 1, task: (index) => ({ index, ...prepare }) }, attack];
  });
}

/** Those of the models that the campaign has to make first. */
function derived(models: ReadonlyMap<string, ModelEntry>, ...names: readonly string[]): readonly string[] {
  const isMade = (name: string): boolean => {
    const entry = models.get(name);
    return entry !== undefined && isDerived(entry);
  };
  return [...new Set(names.filter(isMade))];
}
