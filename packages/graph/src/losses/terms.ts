import { Emitter } from '../autodiff/emitter.js';
import { GraphBuilder } from '../builder.js';
import type { Dim, Graph } from '../graph.js';
import { ModelError, int } from '../graph.js';
import { inferShapes } from '../shapes/infer.js';
import { TEACHER_LOGITS } from './distillation.js';
import { featureAlignment } from './feature-alignment.js';
import type { PenaltyInputs, PenaltyName } from './penalties.js';
import { PENALTY_NAMES, penaltyWriters, rescale } from './penalties.js';

/** Terms of an objective, in the order in which documentation lists them. */
export const TERM_NAMES = ['cross-entropy', 'distillation', ...PENALTY_NAMES, 'feature-alignment'] as const;

/** A term by its name in recipes. */
export type TermName = (typeof TERM_NAMES)[number];

/** Name of the output with each sample's weighted sum of terms, float32 [N]. */
export const OBJECTIVE = 'objective';
/** Name of the input with the input gradients that cosines are taken to, float32 of the image's shape. */
export const TARGET_GRADIENT = 'target_gradient';
/** Name of the input with another model's Gram matrix of features, float32 [N,N]: around the mean, of norm 1. */
export const TARGET_GRAM = 'target_gram';

/** The values of a graph that terms are computed from. */
export interface TermValues {
  /** [N,K]. */
  readonly logits: string;
  /** The cross-entropy of each sample, [N]. */
  readonly loss: string;
  /** Its gradient with respect to the input, [N,…]; needed by penalties on it. */
  readonly gradient?: string | undefined;
  /** Penultimate features, [N,…]; needed by `feature-alignment`. */
  readonly features?: string | undefined;
}

export interface TermOptions {
  readonly terms: readonly TermName[];
  readonly values: TermValues;
  /** What logits are divided by before `distillation` compares them as probabilities; above 0. Default 1. */
  readonly temperature?: number;
}

/** The output that holds a term of each sample, not weighted, float32 [N]. */
export function termOutput(name: TermName): string {
  return `term/${name}`;
}

/** The input that holds what each sample's term is multiplied with, float32 [N]. */
export function termWeights(name: TermName): string {
  return `term_weights/${name}`;
}

/** Whether a term is a penalty on input gradients, which makes its derivative a second one. */
export function isPenalty(name: TermName): name is PenaltyName {
  return PENALTY_NAMES.some((penalty) => penalty === name);
}

/** Whether a term compares input gradients with the target's, fed as `target_gradient`. */
export function isCosine(name: TermName): boolean {
  return isPenalty(name) && name.endsWith('cosine');
}

/**
 * Adds an objective that is a sum of terms to a classifier with a loss: inputs `term_weights/<term>` with the weight of each
 * sample's term, so that weights may differ from sample to sample and change from step to step; an output
 * `term/<term>` for each; and the output `objective`, the weighted sum of each sample. What terms compare with are
 * inputs as well: `teacher_logits` [N,K], `target_gradient` of the input's shape, `target_gram` [N,N].
 *
 * Where terms are penalties on the input gradient, the derivative of the objective with respect to weights goes through
 * that gradient, so it is a second derivative of the model. Where a gradient vanishes, its cosine is 0 with derivative 0.
 *
 * @throws {RangeError} for no terms, a term that is named twice, or a temperature that is not above 0
 * @throws {ModelError} when a term needs a value that the graph does not have, or its gradient has no shape [N,…]
 */
export function withTerms(graph: Graph, { terms, values, temperature = 1 }: TermOptions): Graph {
  if (terms.length === 0 || new Set(terms).size < terms.length) {
    throw new RangeError(`an objective has terms, each named once, got ${terms.join(', ') || 'none'}`);
  }
  if (!(temperature > 0)) throw new RangeError(`temperature is ${temperature}; it must be above 0`);
  const context = new TermContext(graph, values, temperature);
  const { builder, emit, batch } = context;
  const weighted = terms.map((name) => {
    const value = builder.rename(context.write(name), termOutput(name));
    builder.output(value, 'float32', [batch]);
    return emit.mul(value, builder.input(termWeights(name), 'float32', [batch]));
  });
  const [first = '', ...others] = weighted;
  const objective = others.reduce((sum, value) => emit.add(sum, value), first);
  builder.output(builder.rename(objective, OBJECTIVE), 'float32', [batch]);
  return builder.build();
}

/** What writers of terms share; it lives as long as one call. */
class TermContext {
  readonly builder: GraphBuilder;
  readonly emit: Emitter;
  readonly batch: Dim;
  readonly values: TermValues;
  readonly temperature: number;
  readonly #graph: Graph;
  readonly #shapes: ReturnType<typeof inferShapes>;
  #penalized: PenaltyInputs | undefined;
  #target: PenaltyInputs['target'] | undefined;

  constructor(graph: Graph, values: TermValues, temperature: number) {
    this.#graph = graph;
    this.values = values;
    this.temperature = temperature;
    this.#shapes = inferShapes(graph);
    this.builder = GraphBuilder.from(graph);
    this.emit = new Emitter(this.builder);
    this.batch = this.#shapes.get(values.logits)?.shape[0] ?? 'N';
  }

  write(name: TermName): string {
    return isPenalty(name) ? penaltyWriters[name](this.emit, this.#penaltyInputs(name)) : writers[name](this);
  }

  shapeOf(value: string): readonly Dim[] {
    return this.#shapes.get(value)?.shape ?? [];
  }

  /** @throws {ModelError} when the graph has no such value. */
  need(value: string | undefined, what: string): string {
    if (value !== undefined && this.#shapes.has(value)) return value;
    throw new ModelError(`model "${this.#graph.name}" has no ${what}`);
  }

  #penaltyInputs(name: PenaltyName): PenaltyInputs {
    const gradient = this.need(this.values.gradient, 'input gradient to be penalized');
    const [, ...sample] = this.shapeOf(gradient);
    if (sample.length === 0) throw new ModelError(`value "${gradient}" is no gradient of a shape [N, ...]`);
    const axes = sample.map((_, axis) => axis + 1);
    if (this.#penalized === undefined) {
      const own = rescale(this.emit, gradient, axes);
      this.#penalized = { own, target: own, axes };
    }
    if (!isCosine(name)) return this.#penalized;
    this.#target ??= rescale(
      this.emit,
      this.builder.input(TARGET_GRADIENT, 'float32', [this.batch, ...sample]),
      axes,
    );
    return { ...this.#penalized, target: this.#target };
  }
}

/** One writer a term that is no penalty on input gradients, of shape [N]. */
const writers: Readonly<Record<Exclude<TermName, PenaltyName>, (context: TermContext) => string>> = {
  'cross-entropy': ({ values }) => values.loss,
  /** T²·KL(softmax(teacher / T), softmax(student / T)), after Hinton et al. 2015 (arXiv 1503.02531). */
  distillation: (context) => {
    const { emit, builder, temperature } = context;
    const { logits } = context.values;
    const teacher = builder.input(TEACHER_LOGITS, 'float32', context.shapeOf(logits));
    const soft = (value: string, op: 'Softmax' | 'LogSoftmax'): string =>
      emit.op(op, [emit.scale(value, 1 / temperature)], { axis: int(-1) });
    const gap = emit.sub(soft(teacher, 'LogSoftmax'), soft(logits, 'LogSoftmax'));
    const divergence = emit.reduceSum(emit.mul(soft(teacher, 'Softmax'), gap), [1], false);
    return emit.scale(divergence, temperature ** 2);
  },
  'feature-alignment': (context) => {
    const { emit, builder, values, batch } = context;
    const features = context.need(values.features, 'penultimate features: no last linear layer was found');
    if (typeof batch !== 'number') throw new ModelError('feature alignment needs a batch of known size');
    const gram = builder.input(TARGET_GRAM, 'float32', [batch, batch]);
    return featureAlignment(emit, features, gram, batch);
  },
};
