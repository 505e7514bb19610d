import { diversity } from './input-diversity.js';
import { evenSteps, iterative } from './iterative.js';
import { momentum } from './momentum.js';
import { varianceTuning } from './variance.js';

const schedule = evenSteps();

/** Momentum iterative FGSM on the surrogate, in steps of epsilon / steps; the target sees the last iterate. */
export const miFgsm = iterative({
  name: 'mi-fgsm',
  description: 'Momentum iterative gradient ascent on the surrogate, transferred to the target.',
  paper: 'Dong et al. 2018, arXiv 1710.06081',
  schedule,
  parts: [momentum()],
});

/** MI-FGSM with input diversity (M-DI²-FGSM). */
export const diFgsm = iterative({
  name: 'di-fgsm',
  description: 'MI-FGSM whose gradients are taken at randomly resized and padded inputs.',
  paper: 'Xie et al. 2019, arXiv 1803.06978',
  schedule,
  parts: [momentum(), diversity],
});

/** MI-FGSM with variance tuning. */
export const vmiFgsm = iterative({
  name: 'vmi-fgsm',
  description: 'MI-FGSM whose gradients are tuned by those in the neighbourhood.',
  paper: 'Wang and He 2021, arXiv 2103.15571',
  schedule,
  parts: [momentum(), varianceTuning],
});
