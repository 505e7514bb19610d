import type { ParameterSpec } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import { shuffledBlocks, structure } from './blocks.js';
import { decayedFeatures } from './decayed-features.js';
import { diversity } from './input-diversity.js';
import type { Schedule } from './iterative.js';
import { STEPS, evenSteps, iterative, stepSizeOf } from './iterative.js';
import { momentum } from './momentum.js';
import { alongTheLast, flatMaxima, lookAhead, penalizedNorm } from './places.js';
import { resizedEnsemble } from './resized-ensemble.js';
import { smoothing } from './smoothing.js';
import { scales, spectrum } from './spectrum.js';
import { varianceTuning } from './variance.js';

const schedule = evenSteps();

/** Steps of a length of their own, from the clean input. */
function longSteps(steps: number, stepSize: ParameterSpec): Schedule {
  return {
    parameters: { steps: { ...STEPS, default: steps }, stepSize },
    of: (_problem, parameters) => ({
      steps: numberOf(parameters, 'steps'),
      stepSize: numberOf(parameters, 'stepSize'),
      randomStart: false,
      restarts: 1,
    }),
  };
}

/** Variants of MI-FGSM, each a filling of the slots of one iterative attack. */
export const variants = [
  iterative({
    name: 'ni-fgsm',
    description: 'MI-FGSM whose gradients are taken where the momentum leads.',
    paper: 'Lin et al. 2020, arXiv 1908.06281',
    schedule,
    parts: [momentum(), lookAhead],
  }),
  iterative({
    name: 'si-ni-fgsm',
    description: 'NI-FGSM over copies of the input, each half as bright as the one before.',
    paper: 'Lin et al. 2020, arXiv 1908.06281',
    schedule,
    parts: [momentum(), lookAhead, scales],
  }),
  iterative({
    name: 'si-fgsm',
    description: 'MI-FGSM over copies of the input, each half as bright as the one before.',
    paper: 'Lin et al. 2020, arXiv 1908.06281',
    schedule,
    parts: [momentum(), scales],
  }),
  iterative({
    name: 'ti-fgsm',
    description: 'MI-FGSM on smoothed gradients, as if over shifted inputs.',
    paper: 'Dong et al. 2019, arXiv 1904.02884',
    schedule,
    parts: [momentum(), smoothing],
  }),
  iterative({
    name: 'vni-fgsm',
    description: 'VMI-FGSM whose gradients are taken where the momentum leads.',
    paper: 'Wang and He 2021, arXiv 2103.15571',
    schedule,
    parts: [momentum(), varianceTuning, lookAhead],
  }),
  iterative({
    name: 'emi-fgsm',
    description: 'MI-FGSM over points along the gradient of the step before.',
    paper: 'Wang et al. 2021, arXiv 2103.10609',
    schedule,
    parts: [momentum(), alongTheLast],
  }),
  iterative({
    name: 'pgn',
    description: 'MI-FGSM toward flat maxima: gradients around the iterate and a step down from there.',
    paper: 'Ge et al. 2023, arXiv 2306.05225',
    schedule,
    parts: [momentum(), penalizedNorm],
  }),
  iterative({
    name: 'mef',
    description:
      'MI-FGSM toward maxima that are flat around the iterate, by points with a memory of their own.',
    paper: 'Qiu et al. 2024, arXiv 2405.16181',
    schedule: evenSteps(20),
    parts: [momentum(0.5), flatMaxima],
  }),
  iterative({
    name: 'ssa',
    description: 'MI-FGSM over noisy copies of the input with changed spectra.',
    paper: 'Long et al. 2022, arXiv 2207.05382',
    schedule,
    parts: [momentum(), spectrum],
  }),
  iterative({
    name: 'sia',
    description: 'MI-FGSM over copies whose blocks are changed, each for itself.',
    paper: 'Wang et al. 2023, arXiv 2309.14700',
    schedule,
    parts: [momentum(), structure],
  }),
  iterative({
    name: 'bsr',
    description: 'MI-FGSM over copies whose blocks are shuffled and rotated.',
    paper: 'Wang et al. 2024, arXiv 2308.10299',
    schedule,
    parts: [momentum(), shuffledBlocks],
  }),
  iterative({
    name: 'dem',
    description: 'Steps as long as epsilon by the mean logits of enlarged copies.',
    paper: 'Zou et al. 2021, arXiv 2112.06011',
    schedule: longSteps(10, stepSizeOf(1, 'epsilon', 'Length of a step in the norm of the threat.')),
    parts: [momentum(), resizedEnsemble],
  }),
  iterative({
    name: 'ilpd',
    description: 'Ascent whose perturbation is damped in the middle of the surrogate.',
    paper: 'Li et al. 2023, arXiv 2304.13410',
    schedule: longSteps(
      100,
      stepSizeOf(1 / 8, 'epsilon / 8', 'Length of a step in the norm of the threat; 1/255 at 8/255.'),
    ),
    parts: [decayedFeatures],
  }),
  iterative({
    name: 'logit',
    description: 'Many steps of diverse, smoothed MI-FGSM on the logit: for classes that are hard to reach.',
    paper: 'Zhao et al. 2021, arXiv 2012.11207',
    schedule: longSteps(
      300,
      stepSizeOf(
        1 / 8,
        'epsilon / 8',
        'Length of a step in the norm of the threat; 2/255 at an epsilon of 16/255.',
      ),
    ),
    parts: [momentum(), smoothing, diversity],
    loss: 'logit',
  }),
] as const;
