import { knownAttacks } from '@unpair/attacks';
import { siblings } from '@unpair/siblings';
import type { Catalogue } from './catalogue.js';

/** Every attack and every way of deriving a model that this version has. */
export const BUILT_IN: Catalogue = { attacks: [...knownAttacks.values()], siblings };
