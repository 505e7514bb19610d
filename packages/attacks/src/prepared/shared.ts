import { meanOf } from '@unpair/classifiers';
import { UnpairError } from '@unpair/errors';
import type { Random } from '@unpair/numerics';
import { createRandom } from '@unpair/numerics';
import type { Parameters, ParameterSpecs } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { AttackDefinition, Problem } from '../attack.js';
import { query } from '../requests.js';
import type { PreparationOptions, PreparedAttack } from './preparation.js';

/** [C, H, W] of the images. */
type Shape = Problem['shape'];

/** Where one image takes the perturbation: what it becomes, and what its gradient says of the perturbation. */
export interface Placed {
  readonly image: Float32Array;
  /** Adds to `sum` the part of an image's gradient that the perturbation has. */
  gather(gradient: Float32Array, sum: Float32Array): void;
}

/** A perturbation that is the same for all images. */
export interface SharedForm {
  readonly name: string;
  readonly description: string;
  readonly paper: string;
  /** Parameters of its own. */
  readonly parameters: ParameterSpecs;
  readonly ball?: AttackDefinition['ball'];
  /** @throws {UnpairError} where it does not fit images of this shape */
  start(options: PreparationOptions, random: Random): Float32Array;
  /** Moves it in place the way that raises the loss most, and back to where it may be. */
  step(perturbation: Float32Array, gradient: Float32Array, options: PreparationOptions): void;
  place(perturbation: Float32Array, image: Float32Array, shape: Shape, random: Random): Placed;
}

const COMMON = {
  images: {
    type: 'integer',
    min: 1,
    max: 100_000,
    default: 1000,
    description: 'Training images, the first, that it is trained on.',
  },
  epochs: { type: 'integer', min: 1, max: 1000, default: 5, description: 'Passes over them.' },
  batch: { type: 'integer', min: 1, max: 1000, default: 64, description: 'Images of one step.' },
} as const satisfies ParameterSpecs;

/** A loss above which an image is fooled for good, and no longer counts (Shafahi et al. 2020, arXiv 1811.11304). */
const FOOLED = 9;

/** One perturbation for all images: trained through the surrogate on training images, sent with one query an image. */
export function sharedPerturbation(form: SharedForm): PreparedAttack {
  const { name, description, paper, ball } = form;
  return {
    ...{ name, description, paper, access: 'labels', goals: ['avoid'], finds: 'within-epsilon' },
    ...{ needsSurrogate: true, budget: null, norms: ['linf', 'l2'], ...(ball !== undefined && { ball }) },
    parameters: { ...COMMON, ...form.parameters },
    preparation: {
      on: 'training',
      samples: 'images',
      most: () => 0,
      make: async (options) => ({ bytes: bytesOf(await train(form, options)), queries: 0 }),
      use: (made, parameters) => ({ definition: applied(form, valuesOf(made)), parameters }),
    },
  };
}

/** The perturbation, laid on one sample. */
function applied(form: SharedForm, perturbation: Float32Array): AttackDefinition<'labels'> {
  const { name, description, paper, parameters } = form;
  return {
    ...{ name, description, paper, access: 'labels', goals: ['avoid'], finds: 'within-epsilon' },
    ...{ needsSurrogate: true, budget: null, norms: ['linf', 'l2'] },
    parameters: { ...COMMON, ...parameters },
    *run(problem, _parameters: Parameters, random) {
      yield* query(problem, form.place(perturbation, problem.input, problem.shape, random).image);
    },
  };
}

/** Gradient ascent on the mean loss of the surrogates, a batch of images at a time. */
async function train(form: SharedForm, options: PreparationOptions): Promise<Float32Array> {
  const { samples, parameters, seed, cell, signal } = options;
  const random = createRandom({ seed, cell: `${cell}/preparation`, sample: 0 });
  const perturbation = form.start(options, random);
  const order = Float64Array.from(samples.keys());
  for (let epoch = 0; epoch < numberOf(parameters, 'epochs'); epoch++) {
    random.shuffle(order);
    for (let first = 0; first < order.length; first += numberOf(parameters, 'batch')) {
      signal?.throwIfAborted();
      const rows = order.subarray(first, first + numberOf(parameters, 'batch'));
      form.step(perturbation, await gradientOver(rows, perturbation, form, options, random), options);
    }
  }
  return perturbation;
}

/** The sum over images of what their gradients say of the perturbation. */
async function gradientOver(
  rows: Float64Array,
  perturbation: Float32Array,
  form: SharedForm,
  { samples, surrogates, target: { shape } }: PreparationOptions,
  random: Random,
): Promise<Float32Array> {
  const chosen = Array.from(rows, (row) => samples[row]).filter((sample) => sample !== undefined);
  const placed = chosen.map(({ input }) => form.place(perturbation, input, shape, random));
  const size = shape.reduce((product, side) => product * side, 1);
  const inputs = new Float32Array(chosen.length * size);
  placed.forEach(({ image }, row) => {
    inputs.set(image, row * size);
  });
  const objective = { kind: 'cross-entropy', labels: Int32Array.from(chosen, ({ label }) => label) } as const;
  const answers: { readonly values: Float32Array; readonly gradients: Float32Array }[] = [];
  for (const surrogate of surrogates)
    answers.push(await surrogate.gradients(inputs, objective, chosen.length));
  const values = meanOf(answers.map((answer) => answer.values));
  const gradients = meanOf(answers.map((answer) => answer.gradients));
  const sum = new Float32Array(perturbation.length);
  placed.forEach((one, row) => {
    if ((values[row] ?? 0) < FOOLED) one.gather(gradients.subarray(row * size, (row + 1) * size), sum);
  });
  return sum;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
}

function valuesOf(made: Uint8Array): Float32Array {
  if (made.length === 0 || made.length % 4 !== 0)
    throw new UnpairError('DATA_LOSS', `a perturbation is of whole numbers of 4 bytes, got ${made.length}`);
  return new Float32Array(made.slice().buffer);
}
