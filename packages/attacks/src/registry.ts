import type { AttackDefinition } from './attack.js';
import { autos } from './prepared/auto.js';
import { perturbations } from './prepared/perturbations.js';
import type { KnownDefinition, PreparedAttack } from './prepared/preparation.js';
import { apgdCe, apgdDlr } from './transfer/apgd.js';
import { diFgsm, miFgsm, vmiFgsm } from './transfer/fgsm.js';
import { pRgf, pRgfEach } from './search/p-rgf.js';
import { variants } from './transfer/presets.js';
import { ascent } from './transfer/slots.js';
import { pgd } from './transfer/pgd.js';
import { bandits } from './search/bandits.js';
import { fromTransfer } from './search/from-transfer.js';
import { geoDa } from './search/geo-da.js';
import { priorSignOpt, signOpt } from './search/sign-opt.js';
import { hopSkipJump } from './search/hop-skip-jump.js';
import { nes } from './search/nes.js';
import { rayS } from './search/ray-s.js';
import { signHunter } from './search/sign-hunter.js';
import { simba } from './search/simba.js';
import { gfcs, simbaOds } from './search/surrogate-directions.js';
import { rgf } from './search/rgf.js';
import { square } from './search/square.js';

/** Every attack that has nothing to make first, by the name that campaign files use. A new attack is added to this list. */
export const attacks: ReadonlyMap<string, AttackDefinition> = new Map(
  [
    // By gradients of a surrogate, one input to the target.
    ...[pgd, miFgsm, diFgsm, vmiFgsm, ...variants, ascent, apgdCe, apgdDlr],
    // By the target's scores.
    ...[rgf, pRgf, pRgfEach, square, simba, simbaOds, gfcs, signHunter, nes, bandits],
    ...fromTransfer,
    // By its labels.
    ...[hopSkipJump, rayS, signOpt, geoDa, priorSignOpt],
  ].map((definition: AttackDefinition): [string, AttackDefinition] => [definition.name, definition]),
);

/** Those that make something for all samples first. A new one is added to this list. */
const PREPARED: readonly PreparedAttack[] = [...perturbations, ...autos];

/** Every attack that a campaign file may name, by that name. */
export const knownAttacks: ReadonlyMap<string, KnownDefinition> = new Map<string, KnownDefinition>([
  ...attacks,
  ...PREPARED.map((attack) => [attack.name, attack] as const),
]);
