import { attacks } from '@unpair/attacks';
import { siblings } from '@unpair/siblings';
import type { Vocabulary } from './vocabulary.js';

/** Every attack and every way of deriving a model that this version has. */
export const BUILT_IN: Vocabulary = { attacks: [...attacks.values()], siblings };
