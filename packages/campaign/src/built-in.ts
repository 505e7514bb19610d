import { attacks, siblings } from '@unpair/robustness';
import type { Vocabulary } from './vocabulary.js';

/** Every attack and every way of deriving a model that this version has. */
export const BUILT_IN: Vocabulary = { attacks: [...attacks.values()], siblings };
