import type { Backward } from '@unpair/graph';
import type { ParameterSpecs } from '@unpair/parameters';

const FROM: ParameterSpecs[string] = {
  type: 'number',
  min: 0,
  max: 1,
  default: 0.5,
  description: 'Share of the rectifiers, from the input, that keep their derivative.',
};

/** The parameters of each way of taking gradients otherwise. */
export const BACKWARD_PARAMETERS: Readonly<Record<Backward['rule'], ParameterSpecs>> = {
  sgm: {
    decay: {
      type: 'number',
      min: 0,
      max: 1,
      default: 0.2,
      description: 'Share of its gradient that a residual branch passes on.',
    },
  },
  linbp: { from: FROM },
  bpa: {
    from: FROM,
    temperature: {
      type: 'number',
      min: 0.01,
      max: 1000,
      default: 10,
      description: 'What inputs of max-pools are multiplied with before the softmax.',
    },
  },
};
