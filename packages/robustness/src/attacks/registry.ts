import type { AttackDefinition } from './attack.js';
import { diFgsm } from './di-fgsm.js';
import { miFgsm } from './mi-fgsm.js';
import { pRgf } from './p-rgf.js';
import { pgd } from './pgd.js';
import { rgf } from './rgf.js';
import { square } from './square.js';
import { vmiFgsm } from './vmi-fgsm.js';

/** Every attack, by the name that campaign files use. A new attack is added to this list. */
export const attacks: ReadonlyMap<string, AttackDefinition> = new Map(
  [pgd, miFgsm, diFgsm, vmiFgsm, rgf, pRgf, square].map((definition) => [definition.name, definition]),
);
