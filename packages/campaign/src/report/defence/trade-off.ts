import type { Campaign } from '../../campaign.js';
import { meanOf } from '../estimates.js';
import type { AmplificationReport, AttackReport, ModelReport } from '../report.js';
import type { TradeOffExposure, TradeOffPoint } from './types.js';

/** The parts of a report that a trade-off is made from. */
export interface TradedOff {
  readonly models: readonly ModelReport[];
  /** Of the file alone. */
  readonly attacks: readonly AttackReport[];
  readonly amplification: readonly AmplificationReport[];
}

/** Accuracy and exposure of every surrogate of the file, with every target. */
export function tradeOff(campaign: Campaign, reports: TradedOff): readonly TradeOffPoint[] {
  const { targets, surrogates, threat, adaptive } = campaign;
  const accuracies = new Map(reports.models.map(({ id, accuracy }) => [id, accuracy]));
  const attacks = byPair(reports.attacks);
  const savings = byPair(reports.amplification.filter(({ baseline }) => baseline === 'none'));
  return targets.flatMap(({ model: target }) =>
    surrogates.map(({ name: surrogate }): TradeOffPoint => {
      const key = pairKey({ target, surrogate });
      const [own, saved] = [attacks.get(key) ?? [], savings.get(key) ?? []];
      const accuracy = accuracies.get(surrogate) ?? null;
      return {
        surrogate,
        target,
        defended: adaptive.defences.some((one) => one.sibling === surrogate && one.target === target),
        accuracy: accuracy && { value: accuracy.value, low: accuracy.low, high: accuracy.high },
        exposure: threat.epsilons.map((epsilon) => exposureAt(threat.norm, epsilon, own, saved)),
      };
    }),
  );
}

function exposureAt(
  norm: TradeOffExposure['norm'],
  epsilon: number,
  attacks: readonly AttackReport[],
  savings: readonly AmplificationReport[],
): TradeOffExposure {
  const here = attacks.filter((attack) => attack.epsilon === epsilon && attack.queries === null);
  const rates = here.flatMap(({ success }) => success?.value ?? []);
  // How many times fewer queries, the other way round.
  const logarithms = savings.flatMap(({ epsilon: at, queryRatio }) =>
    at === epsilon && queryRatio !== null ? [-Math.log(queryRatio.value)] : [],
  );
  const mean = meanOf(logarithms);
  return { norm, epsilon, transfer: meanOf(rates), queryRatio: mean === null ? null : Math.exp(mean) };
}

interface OfPair {
  readonly target: string;
  readonly surrogate: string | null;
}

function byPair<T extends OfPair>(entries: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const pairs = new Map<string, T[]>();
  for (const entry of entries) {
    const known = pairs.get(pairKey(entry));
    if (known === undefined) pairs.set(pairKey(entry), [entry]);
    else known.push(entry);
  }
  return pairs;
}

function pairKey({ target, surrogate }: OfPair): string {
  return `${target} ${surrogate ?? ''}`;
}
