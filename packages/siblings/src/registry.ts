import { distillSibling } from './distill.js';
import { imitateSibling } from '@unpair/attacks';
import { interpolateSibling } from './interpolate.js';
import { lgvSibling } from './sharpened/lgv.js';
import { mbaSibling } from './sharpened/mba.js';
import { pruneSibling } from './pruning/prune.js';
import { qaaSibling } from './sharpened/qaa.js';
import { quantizeSibling } from './quantization/quantize.js';
import { unpairSibling } from './unpairing/unpair-sibling.js';

/** Every way of deriving a sibling. A new one is added to this list. */
export const siblings = [
  quantizeSibling,
  pruneSibling,
  distillSibling,
  unpairSibling,
  interpolateSibling,
  imitateSibling,
  qaaSibling,
  lgvSibling,
  mbaSibling,
] as const;
