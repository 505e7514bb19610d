import { distillSibling } from './distill.js';
import { imitateSibling } from './imitate.js';
import { interpolateSibling } from './interpolate.js';
import { pruneSibling } from './prune.js';
import { quantizeSibling } from './quantize.js';
import { unpairSibling } from './unpair.js';

/** Every way of deriving a sibling. A new one is added to this list. */
export const siblings = [
  quantizeSibling,
  pruneSibling,
  distillSibling,
  unpairSibling,
  interpolateSibling,
  imitateSibling,
] as const;
