import { EVERYTHING, offerText } from '@unpair/attacks';
import { derivedFrom, numberOf } from '@unpair/parameters';
import { isControl } from './adaptive/expand.js';
import type { AttackEntry, Campaign } from './campaign.js';
import { offerOf } from './campaign.js';
import { canonicalJson } from './canonical-json.js';
import type { AdaptiveCell, Cell } from './plan.js';
import { usesQueries } from './plan.js';
import type { KnownAttack, Catalogue } from './catalogue.js';

/** The cells of a campaign, and which of them try a defence. */
export interface Grid {
  readonly cells: readonly Cell[];
  readonly adaptive: readonly AdaptiveCell[];
}

/**
 * The grid of a campaign, and after it what tries its defences. Attacks that spend no queries come first, since they
 * end soonest; otherwise the order is that of the file. Points that differ in the file but not in their numbers (a
 * parameter set to its default) are one, and what the file asks for is not added a second time.
 * @throws {RangeError} for an attack that the catalogue lacks.
 */
export function gridOf(campaign: Campaign, catalogue: Catalogue): Grid {
  const asked = new Map<string, Cell>();
  for (const entry of campaign.attacks) {
    for (const cell of cellsOf(entry, campaign, catalogue)) addTo(asked, cell);
  }
  const added = new Map<string, Cell>();
  const adaptive: { id: string; attacker: string; defence: AdaptiveCell['defence'] }[] = [];
  for (const attack of campaign.adaptive.attacks) {
    for (const cell of pointsOf(attack, attack, campaign, catalogue)) {
      if (!asked.has(cell.id)) addTo(added, { ...cell, adaptive: true });
      if (!isControl(attack))
        adaptive.push({ id: cell.id, attacker: attack.attacker, defence: attack.defence });
    }
  }
  const tried = adaptive.flatMap(({ id, attacker, defence }): readonly AdaptiveCell[] => {
    const cell = asked.get(id) ?? added.get(id);
    return cell !== undefined && hasSurrogate(cell) ? [{ attacker, defence, cell }] : [];
  });
  return { cells: [...cheapFirst(asked), ...cheapFirst(added)], adaptive: tried };
}

/** Of cells that are the same, the one over more samples. */
function addTo(cells: Map<string, Cell>, cell: Cell): void {
  const samples = Math.max(cell.samples, cells.get(cell.id)?.samples ?? 0);
  cells.set(cell.id, { ...cell, samples });
}

function cheapFirst(cells: ReadonlyMap<string, Cell>): readonly Cell[] {
  return [...cells.values()].sort((a, b) => Number(usesQueries(a)) - Number(usesQueries(b)));
}

function hasSurrogate(cell: Cell): cell is AdaptiveCell['cell'] {
  return cell.surrogate !== null;
}

function attackNamed(attack: string, { attacks }: Catalogue): KnownAttack {
  const known = attacks.find((candidate) => candidate.name === attack);
  if (known === undefined) throw new RangeError(`no attack is called "${attack}"`);
  return known;
}

/** An attack on every target, with every surrogate where it needs one. */
function cellsOf(entry: AttackEntry, campaign: Campaign, catalogue: Catalogue): readonly Cell[] {
  const { targets, surrogates } = campaign;
  const partners = attackNamed(entry.attack, catalogue).needsSurrogate ? surrogates : [null];
  return targets.flatMap(({ model: target }) =>
    partners.flatMap((surrogate) => pointsOf(entry, { target, surrogate }, campaign, catalogue)),
  );
}

/** An attack on one target with one surrogate, at every epsilon. */
function pointsOf(
  { attack, parameters, samples }: AttackEntry,
  { target, surrogate }: Pick<Cell, 'target' | 'surrogate'>,
  { models, threat: { norm, epsilons, goal } }: Campaign,
  catalogue: Catalogue,
): readonly Cell[] {
  const { ball, budget, withoutPrior, preparation, parameters: specs } = attackNamed(attack, catalogue);
  const balls = ball === undefined ? epsilons.map((epsilon) => ({ norm, epsilon })) : [ball];
  return balls.map((threat) => {
    const point = { ...threat, parameters: derivedFrom(threat, parameters, specs) };
    const coordinates = { target, offer: offerOf(models, target), surrogate, attack, goal, ...point };
    const queries = budget === null ? 0 : numberOf(point.parameters, budget);
    const made = preparation && {
      on: preparation.on,
      samples: numberOf(point.parameters, preparation.samples),
      queries: preparation.most({ ...coordinates, hasSurrogate: surrogate !== null }, point.parameters),
    };
    const first = made?.on === 'attacked' ? made.samples : 0;
    const how = { budget: queries, withoutPrior: withoutPrior ?? null, first, preparation: made ?? null };
    return { id: cellId(coordinates), ...coordinates, ...how, samples, adaptive: false };
  });
}

type Coordinates = Pick<
  Cell,
  'target' | 'offer' | 'surrogate' | 'attack' | 'norm' | 'epsilon' | 'goal' | 'parameters'
>;

/**
 * `p-rgf/full/int8/linf=0.03137254901960784/{"budget":5000,…}`, with `-` for no surrogate; with a class to reach,
 * `linf=0.03137254901960784>reach=3`; of a target that gives less than its logits, `full(labels)`.
 */
function cellId(cell: Coordinates): string {
  const { attack, surrogate, norm, epsilon, goal, parameters } = cell;
  const target =
    cell.offer.access === EVERYTHING.access ? cell.target : `${cell.target}(${offerText(cell.offer)})`;
  const threat = `${norm}=${epsilon}${goal === 'avoid' ? '' : `>reach=${goal.reach}`}`;
  return `${attack}/${target}/${surrogate?.name ?? '-'}/${threat}/${canonicalJson(parameters)}`;
}
