import { accuracyKind } from './accuracy/accuracy.js';
import { attackKind } from './attack/attack-kind.js';
import { maskingKind } from './masking/gradient-masking.js';
import { alignmentKind } from './similarity/feature-alignment.js';
import { similarityKind } from './similarity/similarity-row.js';

/** All kinds of rows, in the order of exports. */
export const ROW_KINDS = [attackKind, accuracyKind, similarityKind, alignmentKind, maskingKind] as const;

/** One of the kinds that there are. */
export type ListedKind = (typeof ROW_KINDS)[number];
