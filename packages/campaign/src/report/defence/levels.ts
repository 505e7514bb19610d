import type { Estimate, Random } from '@unpair/numerics';
import { bootstrapRates, createRandom } from '@unpair/numerics';
import type { Campaign, Sibling } from '../../campaign.js';
import { areStrangers, imitationOf } from '../../derivation.js';
import type { Cell, Plan } from '../../plan.js';
import { usesQueries } from '../../plan.js';
import type { Surrogate } from '../../surrogate.js';
import { onlyModelOf, surrogateOf } from '../../surrogate.js';
import { agreement, costsOf, pairUp, successesOf, withoutPrior } from '../amplification.js';
import type { Pair } from '../amplification.js';
import { medianOf, rate } from '../estimates.js';
import type { Outcome } from '../outcomes.js';
import type { QueryRatio } from '../query-ratio.js';
import { isCensored, queryRatio } from '../query-ratio.js';
import type { Level } from './types.js';

/** Compares cells of one campaign with each other; the same outcomes give the same numbers. */
export class Levels {
  readonly #campaign: Campaign;
  /** By attack and ball. */
  readonly #cells = new Map<string, Cell[]>();
  readonly #outcomes: ReadonlyMap<string, readonly Outcome[]>;

  /** @param outcomes of the cells that have rows, by identity */
  constructor(campaign: Campaign, plan: Plan, outcomes: ReadonlyMap<string, readonly Outcome[]>) {
    this.#campaign = campaign;
    this.#outcomes = outcomes;
    for (const cell of plan.cells) {
      const known = this.#cells.get(placeOf(cell));
      if (known === undefined) this.#cells.set(placeOf(cell), [cell]);
      else known.push(cell);
    }
  }

  outcomesOf({ id }: Cell): readonly Outcome[] {
    return this.#outcomes.get(id) ?? [];
  }

  /** How far an attack comes. */
  levelOf(cell: Cell): Level {
    return { ...this.#reach(cell), queryRatio: usesQueries(cell) ? this.#priorRatio(cell) : null };
  }

  /**
   * The cells with rows of strangers in the sibling's place, the one that comes furthest first. An imitation is held
   * against strangers that imitate with as many queries as well.
   */
  strangersOf(cell: Cell, target: string): readonly Cell[] {
    const { models } = this.#campaign;
    const isStranger = (other: Surrogate): boolean =>
      onlyModelOf(other) !== undefined &&
      (areStrangers(models, other, target) || imitatesAlike(models, other, cell, target));
    const isBack = goesBack(cell, target);
    const candidates = this.#peersOf(cell).filter((other) => {
      const opposite = oppositeOf(other, target);
      return opposite !== null && goesBack(other, target) === isBack && isStranger(opposite);
    });
    const nearest = nearestOfEach(candidates, cell, target);
    return nearest.sort((a, b) => byReach(this.#reach(a), this.#reach(b)));
  }

  /**
   * Whether an attack comes further than another, by more than the 95 % interval over shared samples allows for: in
   * median queries or, of attacks without, and of searches whose budget hides the other's median, in successes.
   */
  beats(cell: Cell, other: Cell): boolean | null {
    const pairs = pairUp(this.outcomesOf(cell), this.outcomesOf(other));
    if (pairs.length === 0) return null;
    const random = this.#random(`${cell.id} against ${other.id}`);
    if (!usesQueries(cell) || this.#reach(other).censored) return difference(pairs, random).low > 0;
    const ratio = queryRatio(costsOf(pairs, 'own', cell), costsOf(pairs, 'base', other), random);
    return ratio !== null && ratio.high < 1;
  }

  /** Share of another cell's successes that this one has not, over shared samples; null where that has none. */
  cut(cell: Cell, before: Cell): Estimate | null {
    const pairs = pairUp(this.outcomesOf(cell), this.outcomesOf(before));
    const random = this.#random(`cut of ${cell.id} from ${before.id}`);
    const { own, base } = successesOf(pairs);
    const estimate = bootstrapRates(own, base, (now, then) => 1 - now / then, random);
    return Number.isFinite(estimate.value) && Number.isFinite(estimate.low) ? estimate : null;
  }

  /** The cell of the same attack through another surrogate. */
  through(surrogate: string, cell: Cell): Cell | undefined {
    const peers = this.#peersOf(cell).filter(
      (other) => other.target === cell.target && other.surrogate?.name === surrogate,
    );
    return peers.find((other) => agreement(other, cell) === Object.keys(cell.parameters).length);
  }

  #reach(cell: Cell): Reach {
    const outcomes = this.outcomesOf(cell);
    const costs = outcomes.map(({ cost }) => cost);
    return {
      success: rate(outcomes.filter(({ success }) => success).length, outcomes.length),
      medianQueries: usesQueries(cell) ? medianOf(costs) : null,
      censored: usesQueries(cell) && isCensored({ costs, budget: cell.budget }),
    };
  }

  #priorRatio(cell: Cell): QueryRatio | null {
    const candidates = this.#at({ ...cell, attack: cell.withoutPrior ?? '' });
    const sameTarget = candidates.filter(({ target }) => target === cell.target);
    const [baseline] = withoutPrior(cell, sameTarget);
    if (baseline === undefined) return null;
    const pairs = pairUp(this.outcomesOf(cell), this.outcomesOf(baseline));
    if (pairs.length === 0) return null;
    const random = this.#random(`${cell.id} over ${baseline.id}`);
    return queryRatio(costsOf(pairs, 'own', cell), costsOf(pairs, 'base', baseline), random);
  }

  /** Cells with rows of the same attack on the same ball. */
  #peersOf(cell: Cell): readonly Cell[] {
    return this.#at(cell).filter((other) => this.outcomesOf(other).length > 0);
  }

  #at(place: Pick<Cell, 'attack' | 'norm' | 'epsilon'>): readonly Cell[] {
    return this.#cells.get(placeOf(place)) ?? [];
  }

  #random(purpose: string): Random {
    return createRandom({ seed: this.#campaign.seed, cell: `defence ${purpose}`, sample: 0 });
  }
}

type Reach = Pick<Level, 'success' | 'medianQueries' | 'censored'>;

/** Orders by how far attacks come, the furthest first: by queries and, where there are none or budgets hide them, successes. */
function byReach(a: Reach, b: Reach): number {
  const queries = (a.medianQueries ?? 0) - (b.medianQueries ?? 0);
  return queries === 0 ? (b.success?.value ?? 0) - (a.success?.value ?? 0) : queries;
}

function placeOf({ attack, norm, epsilon }: Pick<Cell, 'attack' | 'norm' | 'epsilon'>): string {
  return `${attack} ${norm} ${epsilon}`;
}

/** Whether a cell attacks another model through the target. */
function goesBack({ surrogate }: Cell, target: string): boolean {
  return surrogate?.name === target;
}

/** The model that a cell attacks the target through, or through the target; null where the target is neither. */
export function oppositeOf(cell: Cell, target: string): Surrogate | null {
  if (goesBack(cell, target)) return surrogateOf(cell.target);
  return cell.target === target ? cell.surrogate : null;
}

/** Whether a model is a stranger but for as many answers of the target as the imitation has that a cell goes through. */
function imitatesAlike(
  models: Campaign['models'],
  stranger: Surrogate,
  { surrogate }: Cell,
  target: string,
): boolean {
  const own = surrogate === null ? undefined : imitationOf(models, surrogate, target);
  const other = imitationOf(models, stranger, target);
  if (own === undefined || other === undefined) return false;
  const base = surrogateOf(other.of);
  return queriesOf(own) === queriesOf(other) && areStrangers(models, base, target);
}

function queriesOf({ budget, parameters }: Sibling): unknown {
  return budget === undefined ? undefined : parameters[budget];
}

/** Of the cells of each stranger, the one whose parameters agree best with `cell`. */
function nearestOfEach(candidates: readonly Cell[], cell: Cell, target: string): Cell[] {
  const nearest = new Map<string, Cell>();
  for (const other of candidates) {
    const name = oppositeOf(other, target)?.name ?? '';
    const known = nearest.get(name);
    if (known === undefined || agreement(other, cell) > agreement(known, cell)) nearest.set(name, other);
  }
  return [...nearest.values()];
}

function difference(pairs: readonly Pair[], random: Random): Estimate {
  const { own, base } = successesOf(pairs);
  return bootstrapRates(own, base, (left, right) => left - right, random);
}
