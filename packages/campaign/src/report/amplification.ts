import type { ModelEntry } from '../campaign.js';
import { canonicalJson } from '../canonical-json.js';
import { areStrangers } from '../derivation.js';
import type { Cell } from '../plan.js';
import { usesQueries } from '../plan.js';
import type { Surrogate } from '../surrogate.js';
import type { Draw } from './draws.js';
import type { Outcome } from './outcomes.js';
import type { Costs } from './query-ratio.js';
import type { AmplificationReport } from './report.js';

/** A cell with a surrogate, and a cell that does without that surrogate. */
export interface Comparison {
  readonly cell: Cell & { readonly surrogate: Surrogate };
  readonly baseline: Cell;
}

/** The comparisons that a grid allows, in the order of its cells. */
export function comparisonsOf(
  cells: readonly Cell[],
  models: ReadonlyMap<string, ModelEntry>,
): readonly Comparison[] {
  const peers = new Map<string, Cell[]>();
  for (const cell of cells) {
    const known = peers.get(peerKey(cell));
    if (known === undefined) peers.set(peerKey(cell), [cell]);
    else known.push(cell);
  }
  return cells.filter(hasSurrogate).flatMap((cell) => {
    const candidates = peers.get(peerKey(cell)) ?? [];
    const baselines = [...withoutPrior(cell, candidates), ...withStrangers(cell, candidates, models)];
    return baselines.map((baseline) => ({ cell, baseline }));
  });
}

/** Compares two cells over the samples attacked in both; null when there are none. `seed` is the bootstrap's. */
export async function amplification(
  { cell, baseline }: Comparison,
  own: readonly Outcome[],
  base: readonly Outcome[],
  { seed, draw }: { readonly seed: number; readonly draw: Draw },
): Promise<AmplificationReport | null> {
  const pairs = pairUp(own, base);
  if (pairs.length === 0) return null;
  const ratios = await draw('ratios', {
    seed,
    stream: `amplification ${cell.id} over ${baseline.id}`,
    costs: usesQueries(cell)
      ? { own: costsOf(pairs, 'base', baseline), base: costsOf(pairs, 'own', cell) }
      : null,
    successes: successesOf(pairs),
  });
  const { target, surrogate, attack, parameters, norm, epsilon } = cell;
  return {
    target,
    surrogate: surrogate.name,
    attack,
    parameters,
    norm,
    epsilon,
    baseline: baseline.surrogate === null ? 'none' : 'stranger',
    baselineSurrogate: baseline.surrogate?.name ?? null,
    baselineAttack: baseline.attack,
    samples: pairs.length,
    ...ratios,
  };
}

/** A sample that was attacked in both cells. */
export interface Pair {
  readonly own: Outcome;
  readonly base: Outcome;
}

/** The samples attacked in both cells, in the order of the first. */
export function pairUp(own: readonly Outcome[], base: readonly Outcome[]): readonly Pair[] {
  const others = new Map(base.map((outcome) => [outcome.sample, outcome]));
  return own.flatMap((outcome) => {
    const other = others.get(outcome.sample);
    return other === undefined ? [] : [{ own: outcome, base: other }];
  });
}

/** What the samples of pairs cost the one or the other, which `cell` is. */
export function costsOf(pairs: readonly Pair[], side: keyof Pair, cell: Cell): Costs {
  return { costs: Float64Array.from(pairs, (pair) => pair[side].cost), budget: cell.budget };
}

/** Which of the samples of pairs the one search and the other succeeded on. */
export function successesOf(pairs: readonly Pair[]): Record<keyof Pair, Uint8Array> {
  return {
    own: Uint8Array.from(pairs, ({ own }) => Number(own.success)),
    base: Uint8Array.from(pairs, ({ base }) => Number(base.success)),
  };
}

function peerKey({ target, norm, epsilon }: Cell): string {
  return `${target} ${norm} ${epsilon}`;
}

function hasSurrogate(cell: Cell): cell is Cell & { readonly surrogate: Surrogate } {
  return cell.surrogate !== null;
}

/** The prior-free search with the same budget whose other parameters agree best. */
export function withoutPrior(cell: Cell, candidates: readonly Cell[]): readonly Cell[] {
  const [best] = candidates
    .filter((other) => other.attack === cell.withoutPrior && other.budget === cell.budget)
    .sort((a, b) => agreement(b, cell) - agreement(a, cell));
  return best === undefined ? [] : [best];
}

/** The same attack through models that have nothing to do with the target; for a sibling of the target only. */
function withStrangers(
  cell: Cell & { readonly surrogate: Surrogate },
  candidates: readonly Cell[],
  models: ReadonlyMap<string, ModelEntry>,
): readonly Cell[] {
  const { attack, target } = cell;
  const parameters = canonicalJson(cell.parameters);
  if (areStrangers(models, cell.surrogate, target)) return [];
  return candidates.filter(
    (other) =>
      other.attack === attack &&
      other.surrogate !== null &&
      areStrangers(models, other.surrogate, target) &&
      canonicalJson(other.parameters) === parameters,
  );
}

/** How many parameters the two cells have in common. */
export function agreement(a: Pick<Cell, 'parameters'>, b: Pick<Cell, 'parameters'>): number {
  return Object.entries(a.parameters).filter(([key, value]) => b.parameters[key] === value).length;
}
