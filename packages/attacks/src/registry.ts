import type { AttackDefinition } from './attack.js';
import { diFgsm } from './transfer/di-fgsm.js';
import { miFgsm } from './transfer/mi-fgsm.js';
import { pRgf } from './search/p-rgf.js';
import { pgd } from './transfer/pgd.js';
import { rgf } from './search/rgf.js';
import { square } from './search/square.js';
import { vmiFgsm } from './transfer/vmi-fgsm.js';

/** Every attack, by the name that campaign files use. A new attack is added to this list. */
export const attacks: ReadonlyMap<string, AttackDefinition> = new Map(
  [pgd, miFgsm, diFgsm, vmiFgsm, rgf, pRgf, square].map((definition) => [definition.name, definition]),
);
