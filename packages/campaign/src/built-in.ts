import { attacks } from '@unpair/robustness';
import type { Vocabulary } from './vocabulary.js';

/** Every attack and every way of deriving a model that this version has. */
export const BUILT_IN: Vocabulary = {
  attacks: [...attacks.values()],
  siblings: [
    {
      name: 'quantize',
      parameters: {
        weights: { type: 'integer', min: 2, max: 8, default: 8, description: 'Bits of a weight.' },
        activations: { type: 'integer', min: 2, max: 8, default: 8, description: 'Bits of an activation.' },
        calibration: {
          type: 'integer',
          min: 1,
          default: 512,
          description: 'Training samples that the ranges of activations are measured on.',
        },
      },
    },
  ],
};
