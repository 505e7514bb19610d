import type { Graph, Tensor, TermName } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  OBJECTIVE,
  TARGET_GRADIENT,
  TARGET_GRAM,
  TEACHER_LOGITS,
  TERM_NAMES,
  float32,
  isCosine,
  termOutput,
  termWeights,
  withTerms,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';
import { checkGradient } from './support/check-gradient.js';

const SIZE = 4;
const VALUES = { logits: 'logits', loss: 'loss', gradient: 'gradient', features: 'features' };
const SHAPES = { logits: [SIZE, 3], loss: [SIZE], gradient: [SIZE, 2, 2], features: [SIZE, 3, 2] };

/** A graph that takes what terms are computed from as it is. */
function given(batch: number | string = SIZE): Graph {
  const builder = new GraphBuilder('given');
  for (const [name, [, ...sample]] of Object.entries(SHAPES))
    builder.input(name, 'float32', [batch, ...sample]);
  builder.output(builder.node('Identity', ['loss']), 'float32', [batch]);
  return builder.build();
}

function objective(terms: readonly TermName[], temperature = 2): Graph {
  return withTerms(given(), { terms, values: VALUES, temperature });
}

const random = (shape: readonly number[], seed: number): Tensor<'float32'> =>
  float32(
    shape,
    uniform(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  );

const feeds: Readonly<Record<string, Tensor<'float32'>>> = {
  logits: random([SIZE, 3], 1),
  loss: random([SIZE], 2),
  gradient: random([SIZE, 2, 2], 3),
  features: random([SIZE, 3, 2], 4),
  [TEACHER_LOGITS]: random([SIZE, 3], 5),
  [TARGET_GRADIENT]: random([SIZE, 2, 2], 6),
  [TARGET_GRAM]: float32([SIZE, SIZE], gramOf(random([SIZE, 5], 7).data)),
};

async function run(graph: Graph, given: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const wanted = graph.inputs.map(({ name }) => [name, given[name]] as const);
  return runGraph(graph, Object.fromEntries(wanted.flatMap(([name, feed]) => (feed ? [[name, feed]] : []))));
}

describe('terms of an objective', () => {
  it.each(TERM_NAMES)('the derivative of %s is its own', async (name) => {
    const graph = objective([name]);
    const outputs = graph.outputs.filter((output) => output.name === OBJECTIVE);
    const fixed = [TARGET_GRAM, TEACHER_LOGITS, termWeights(name)];
    const inputs = graph.inputs.filter((input) => !fixed.includes(input.name));
    const points = inputs.map((input) => [input.name, { shape: input.shape as number[] }] as const);
    const initializers = new Map<string, Tensor>(graph.initializers);
    for (const feed of fixed) initializers.set(feed, feeds[feed] ?? float32([SIZE], [1, 2, 0, -1]));
    await checkGradient({ ...graph, inputs, outputs, initializers }, Object.fromEntries(points), {
      step: 1e-3,
    });
  });

  it('are weighted sample by sample and summed', async () => {
    const terms = ['cross-entropy', 'squared-gradient-norm'] as const;
    const weights = {
      [termWeights('cross-entropy')]: float32([SIZE], [1, 0, 2, 0]),
      [termWeights('squared-gradient-norm')]: float32([SIZE], [0, 3, 1, 0]),
    };
    const results = await run(objective(terms), { ...feeds, ...weights });
    const [losses = [], norms = []] = terms.map((name) =>
      Array.from(results[termOutput(name)]?.data ?? [], Number),
    );
    const expected = [losses[0] ?? NaN, 3 * (norms[1] ?? NaN), 2 * (losses[2] ?? NaN) + (norms[2] ?? NaN), 0];
    Array.from(results[OBJECTIVE]?.data ?? [], Number).forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at] ?? NaN, 6);
    });
    expect(losses).toEqual(Array.from(feeds['loss']?.data ?? []));
  });

  it('distillation is T² times the divergence from the teacher, 0 for its own answers', async () => {
    const weights = { [termWeights('distillation')]: float32([SIZE], [1, 1, 1, 1]) };
    const results = await run(objective(['distillation']), { ...feeds, ...weights });
    const [student, teacher] = [softened(feeds['logits']), softened(feeds[TEACHER_LOGITS])];
    const expected = teacher.map(
      (row, sample) =>
        4 * row.reduce((sum, p, k) => sum + p * Math.log(p / (student[sample]?.[k] ?? NaN)), 0),
    );
    const values = results[termOutput('distillation')]?.data ?? [];
    expected.forEach((value, sample) => {
      expect(values[sample]).toBeCloseTo(value, 5);
    });
    const own = { ...feeds, ...weights, [TEACHER_LOGITS]: feeds['logits'] ?? float32([0], []) };
    const same = await run(objective(['distillation']), own);
    Array.from(same[OBJECTIVE]?.data ?? [], Number).forEach((value) => {
      expect(value).toBeCloseTo(0, 6);
    });
  });

  it('feature alignment means CKA over the batch, 1 for the same features turned and scaled', async () => {
    const features = feeds['features']?.data ?? new Float32Array();
    // Columns swapped, doubled and moved.
    const turned = features.map((_, i) => 2 * (features[i - (i % 6) + (5 - (i % 6))] ?? 0) + 1);
    const weights = { [termWeights('feature-alignment')]: float32([SIZE], [1, 1, 1, 1]) };
    const grams = [gramOf(turned), feeds[TARGET_GRAM]?.data ?? new Float32Array()];
    const means = await Promise.all(
      grams.map(async (gram) => {
        const given = { ...feeds, ...weights, [TARGET_GRAM]: float32([SIZE, SIZE], gram) };
        const values = (await run(objective(['feature-alignment']), given))[OBJECTIVE]?.data ?? [];
        return Array.from(values, Number).reduce((sum, value) => sum + value, 0) / SIZE;
      }),
    );
    expect(means[0]).toBeCloseTo(1, 5);
    const dot = gramOf(features).reduce((sum, value, at) => sum + value * (grams[1]?.[at] ?? NaN), 0);
    expect(means[1]).toBeCloseTo(dot, 5);
  });

  it('take only the inputs that they need', () => {
    const declared = (name: TermName): readonly string[] =>
      objective([name])
        .inputs.map((input) => input.name)
        .filter((input) => !Object.hasOwn(SHAPES, input));
    expect(declared('cross-entropy')).toEqual(['term_weights/cross-entropy']);
    expect(declared('absolute-cosine')).toContain(TARGET_GRADIENT);
    expect(declared('gradient-norm')).not.toContain(TARGET_GRADIENT);
    expect(TERM_NAMES.filter(isCosine)).toEqual(['cosine', 'absolute-cosine', 'squared-cosine']);
  });

  it('refuses no terms, one twice, a temperature of 0, and values that are not there', () => {
    expect(() => objective([])).toThrow('an objective has terms, each named once, got none');
    expect(() => objective(['cosine', 'cosine'])).toThrow('got cosine, cosine');
    expect(() => objective(['distillation'], 0)).toThrow('temperature is 0; it must be above 0');
    const bare = { logits: 'logits', loss: 'loss' };
    expect(() => withTerms(given(), { terms: ['cosine'], values: bare })).toThrow(ModelError);
    const align = { terms: ['feature-alignment'] as const, values: VALUES };
    expect(() => withTerms(given(), { ...align, values: bare })).toThrow('model "given" has no penultimate');
    expect(() => withTerms(given('N'), align)).toThrow('needs a batch of known size');
  });
});

function softened(logits: Tensor | undefined): readonly (readonly number[])[] {
  const values = Array.from(logits?.data ?? [], Number);
  return Array.from({ length: SIZE }, (_, row) => {
    const exponentials = values.slice(row * 3, row * 3 + 3).map((value) => Math.exp(value / 2));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    return exponentials.map((value) => value / total);
  });
}

/** Gram matrix around the mean, of norm 1. */
function gramOf(features: Float32Array): Float32Array {
  const width = features.length / SIZE;
  const at = (row: number, column: number): number => features[row * width + column] ?? NaN;
  const rows = Array.from({ length: SIZE }, (_, row) =>
    Array.from({ length: width }, (__, column) => {
      const mean = [0, 1, 2, 3].reduce((sum, other) => sum + at(other, column), 0) / SIZE;
      return at(row, column) - mean;
    }),
  );
  const gram = rows.flatMap((a) =>
    rows.map((b) => a.reduce((sum, value, i) => sum + value * (b[i] ?? NaN), 0)),
  );
  const norm = Math.hypot(...gram);
  return Float32Array.from(gram, (value) => value / norm);
}
