import { suffices } from '../access.js';
import type { AttackDefinition } from '../attack.js';
import { kindOf } from '../goal.js';
import { fromTransfer } from '../search/from-transfer.js';
import { geoDa } from '../search/geo-da.js';
import { hopSkipJump } from '../search/hop-skip-jump.js';
import { pRgf } from '../search/p-rgf.js';
import { rayS } from '../search/ray-s.js';
import { rgf } from '../search/rgf.js';
import { signHunter } from '../search/sign-hunter.js';
import { priorSignOpt, signOpt } from '../search/sign-opt.js';
import { square } from '../search/square.js';
import { gfcs } from '../search/surrogate-directions.js';
import { miFgsm, diFgsm } from '../transfer/fgsm.js';
import { variants } from '../transfer/presets.js';
import type { Situation } from './preparation.js';

/** An attack that may turn out to be the strongest. */
export interface Candidate {
  readonly definition: AttackDefinition;
  /** Gradients of the surrogate that a sample costs, with the attack's defaults; 0 where queries decide that. */
  readonly gradients: number;
}

const TRANSFERS: readonly Candidate[] = [
  { definition: miFgsm, gradients: 10 },
  { definition: diFgsm, gradients: 10 },
  ...variants.flatMap((definition) => {
    const gradients = { dem: 50, sia: 200, bsr: 200, mef: 400 }[definition.name];
    return gradients === undefined ? [] : [{ definition, gradients }];
  }),
];

const SEARCHES: readonly Candidate[] = [
  ...[...fromTransfer, gfcs, pRgf, priorSignOpt],
  ...[square, rgf, signHunter],
  ...[rayS, hopSkipJump, geoDa, signOpt],
].map((definition: AttackDefinition): Candidate => ({ definition, gradients: 0 }));

/** Every attack that is tried somewhere; of those that do equally well the first is chosen. */
export const CANDIDATES: readonly Candidate[] = [...TRANSFERS, ...SEARCHES];

/**
 * The candidates that fit. Who sees scores does not search by labels alone.
 * @param most gradients of the surrogate that a transfer attack may take
 */
export function candidatesFor(
  { norm, goal, offer, hasSurrogate }: Situation,
  most: number,
): readonly AttackDefinition[] {
  const kind = kindOf(goal);
  const seesScores = suffices(offer, 'logits', kind);
  return CANDIDATES.filter(({ definition, gradients }) => {
    const { norms, goals, access, finds, needsSurrogate } = definition;
    const isWithin =
      (hasSurrogate || !needsSurrogate) && gradients <= most && !(finds === 'nearest' && seesScores);
    return isWithin && norms.includes(norm) && goals.includes(kind) && suffices(offer, access, kind);
  }).map(({ definition }) => definition);
}
