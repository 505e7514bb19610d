import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Dim, Graph, ModelOptions, Tensor } from '../../src/index.js';
import {
  GraphBuilder,
  ModelError,
  adaptModel,
  decodeModel,
  encodeModel,
  float32,
  gradient,
  gradientName,
  int,
  ints,
  selectClasses,
  toLogits,
} from '../../src/index.js';
import { runGraph } from '../support/onnxruntime.js';
import { uniform } from '../support/random.js';

const [HEIGHT, WIDTH, CLASSES] = [4, 5, 6];
const PIXELS = 3 * HEIGHT * WIDTH;

/** A classifier of three-channel images in either layout, with something to differentiate. */
function classifier(layout: 'nchw' | 'nhwc', last?: 'Softmax'): Graph {
  const builder = new GraphBuilder('classifier');
  const nchw = [3, HEIGHT, WIDTH];
  const image = builder.input('x', 'float32', ['N', ...(layout === 'nchw' ? nchw : [HEIGHT, WIDTH, 3])]);
  const first = layout === 'nchw' ? image : builder.node('Transpose', [image], { perm: ints([0, 3, 1, 2]) });
  const kernel = builder.initializer('kernel', float32([4, 3, 3, 3], uniform(108, 1, -0.5, 0.5)));
  const conv = builder.node('Tanh', [builder.node('Conv', [first, kernel])]);
  const dense = builder.initializer('dense', float32([24, CLASSES], uniform(24 * CLASSES, 2, -1, 1)));
  const logits = builder.node('MatMul', [builder.node('Flatten', [conv]), dense]);
  builder.output(last === undefined ? logits : builder.node(last, [logits]), 'float32', ['N', CLASSES]);
  return builder.build();
}

/** The output for `images`, and the gradient of its sum with respect to them. */
async function evaluate(
  graph: Graph,
  images: Tensor,
): Promise<{ output: Float32Array; slope: Float32Array }> {
  const [input, output] = [graph.inputs[0]?.name ?? '', graph.outputs[0]?.name ?? ''];
  const results = await runGraph(gradient(graph, { of: output, wrt: [input] }), { [input]: images });
  const values = (name: string): Float32Array => results[name]?.data as Float32Array;
  return { output: values(output), slope: values(gradientName(output, input)) };
}

const number = fc.double({ min: -5, max: 5, noNaN: true });
const positive = fc.double({ min: 0.5, max: 5, noNaN: true });
const each = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> =>
  fc.oneof(one, fc.array(one, { minLength: 3, maxLength: 3 }));
const preprocessings = fc.record({
  range: fc.tuple(number, positive).map(([low, width]): [number, number] => [low, low + width]),
  channels: fc.constantFrom('rgb' as const, 'bgr' as const),
  mean: each(number),
  std: each(positive),
});

test('an adapted model sees what its own preprocessing would show it, and gradients flow through that', async () => {
  await fc.assert(
    fc.asyncProperty(
      preprocessings,
      fc.constantFrom('nchw' as const, 'nhwc' as const),
      async (preprocessing, layout) => {
        const { range, channels, mean, std } = preprocessing;
        const at = (list: number | number[], c: number): number =>
          typeof list === 'number' ? list : (list[c] ?? 0);
        // Where the model has channel c, row y, column x, and where the images have it.
        const images = uniform(PIXELS, 5);
        const own = new Float32Array(PIXELS);
        const places: { from: number; to: number; scale: number }[] = [];
        for (let c = 0; c < 3; c++) {
          for (let y = 0; y < HEIGHT; y++) {
            for (let x = 0; x < WIDTH; x++) {
              const source = channels === 'bgr' ? 2 - c : c;
              const from = (source * HEIGHT + y) * WIDTH + x;
              const to = layout === 'nchw' ? (c * HEIGHT + y) * WIDTH + x : (y * WIDTH + x) * 3 + c;
              const value = (images[from] ?? 0) * (range[1] - range[0]) + range[0];
              own[to] = (value - at(mean, c)) / at(std, c);
              places.push({ from, to, scale: (range[1] - range[0]) / at(std, c) });
            }
          }
        }
        const graph = classifier(layout);
        const adapted = adaptModel(graph, { preprocessing });
        const shape = layout === 'nchw' ? [1, 3, HEIGHT, WIDTH] : [1, HEIGHT, WIDTH, 3];
        const expected = await evaluate(graph, float32(shape, own));
        const actual = await evaluate(adapted, float32([1, 3, HEIGHT, WIDTH], images));
        actual.output.forEach((value, i) => {
          expect(value).toBeCloseTo(expected.output[i] ?? NaN, 4);
        });
        for (const { from, to, scale } of places) {
          expect(actual.slope[from]).toBeCloseTo((expected.slope[to] ?? NaN) * scale, 3);
        }
      },
    ),
    { numRuns: 25, seed: 4 },
  );
});

describe('outputs', () => {
  const images = float32([2, 3, HEIGHT, WIDTH], uniform(2 * PIXELS, 8));
  const outputOf = async (graph: Graph): Promise<Tensor | undefined> =>
    (await runGraph(graph, { x: images }))[graph.outputs[0]?.name ?? ''];

  test('a final Softmax is left out, also behind quantization', async () => {
    const logits = await outputOf(classifier('nchw'));
    expect((await outputOf(adaptModel(classifier('nchw', 'Softmax'))))?.data).toEqual(logits?.data);
    const builder = GraphBuilder.from(classifier('nchw', 'Softmax'));
    const [softmax] = classifier('nchw', 'Softmax').outputs;
    builder.clearOutputs();
    const scale = builder.scalar(1 / 256);
    const zero = builder.initializer('zero', { dataType: 'uint8', shape: [], data: Uint8Array.of(0) });
    const rounded = builder.node('QuantizeLinear', [softmax?.name ?? '', scale, zero]);
    builder.output(builder.node('DequantizeLinear', [rounded, scale, zero]), 'float32', ['N', CLASSES]);
    expect((await outputOf(adaptModel(builder.build())))?.data).toEqual(logits?.data);
  });

  /** The classifier with more behind its logits. */
  const ending = (
    behind: (builder: GraphBuilder, logits: string) => string,
    shape: readonly Dim[] = ['N', CLASSES],
  ): Graph => {
    const base = classifier('nchw');
    const builder = GraphBuilder.from(base);
    builder.clearOutputs();
    builder.output(behind(builder, base.outputs[0]?.name ?? ''), 'float32', shape);
    return builder.build();
  };
  const reshape = (b: GraphBuilder, value: string, ...sizes: number[]): string =>
    b.node('Reshape', [value, b.vector(sizes)]);

  test.each<[string, Graph]>([
    ['LogSoftmax', ending((b, x) => b.node('LogSoftmax', [x]))],
    ['Softmax, Log', ending((b, x) => b.node('Log', [b.node('Softmax', [x])]))],
    ['Softmax, Cast', ending((b, x) => b.node('Cast', [b.node('Softmax', [x])], { to: int(1) }))],
    [
      'Cast, Softmax, Cast',
      ending((b, x) => {
        const wide = b.node('Cast', [x], { to: int(11) });
        return b.node('Cast', [b.node('Softmax', [wide])], { to: int(1) });
      }),
    ],
    [
      'Softmax of [N,1,1,K], Reshape',
      ending((b, x) => reshape(b, b.node('Softmax', [reshape(b, x, -1, 1, 1, CLASSES)]), -1, CLASSES)),
    ],
    [
      'Softmax of [N,K,1,1], Transpose, Squeeze',
      ending((b, x) => {
        const maps = b.node('Unsqueeze', [x, b.vector([2, 3])]);
        const last = b.node('Transpose', [b.node('Softmax', [maps], { axis: int(1) })], {
          perm: ints([0, 2, 3, 1]),
        });
        return b.node('Squeeze', [b.node('Dropout', [last]), b.vector([1, 2])]);
      }),
    ],
    [
      'Softmax, Flatten, Unsqueeze, Identity',
      ending(
        (b, x) => {
          const flat = b.node('Flatten', [b.node('Softmax', [x])]);
          return b.node('Identity', [b.node('Unsqueeze', [flat, b.vector([1])])]);
        },
        ['N', 1, CLASSES],
      ),
    ],
  ])('%s is left out, and the order of the classes stays', async (_, graph) => {
    const logits = await outputOf(classifier('nchw'));
    expect(await outputOf(adaptModel(graph))).toEqual(logits);
    expect(await outputOf(adaptModel(graph, { outputs: 'probabilities' }))).toEqual(logits);
    expect(adaptModel(graph).outputs[0]?.shape).toEqual(['N', CLASSES]);
  });

  test('a Softmax of operator set 9 over all that is not the batch is left out too', async () => {
    const old = ending((b, x) =>
      reshape(b, b.node('Softmax', [reshape(b, x, -1, 1, 1, CLASSES)]), -1, CLASSES),
    );
    const graph = decodeModel(encodeModel({ ...old, opset: 9 }));
    expect(await outputOf(adaptModel(graph))).toEqual(await outputOf(classifier('nchw')));
  });

  test.each<[string, Graph]>([
    [
      'that normalizes each half',
      ending((b, x) => reshape(b, b.node('Softmax', [reshape(b, x, -1, 2, 3)]), -1, 6)),
    ],
    ['over the batch', ending((b, x) => b.node('Softmax', [x], { axis: int(0) }))],
    [
      'whose classes change places',
      ending((b, x) => {
        const pairs = b.node('Transpose', [reshape(b, b.node('Softmax', [x]), -1, 2, 3)], {
          perm: ints([0, 2, 1]),
        });
        return reshape(b, pairs, -1, 6);
      }),
    ],
    [
      'that is cut to integers',
      ending((b, x) =>
        b.node('Cast', [b.node('Cast', [b.node('Softmax', [x])], { to: int(6) })], { to: int(1) }),
      ),
    ],
  ])('a Softmax %s stays', (_, graph) => {
    expect(adaptModel(graph)).toBe(graph);
  });

  test('probabilities from elsewhere become logits up to a constant', async () => {
    const builder = GraphBuilder.from(classifier('nchw', 'Softmax'));
    builder.clearOutputs();
    const [softmax] = classifier('nchw', 'Softmax').outputs;
    const halves = builder.node('Mul', [softmax?.name ?? '', builder.scalar(1)]);
    builder.output(halves, 'float32', ['N', CLASSES]);
    const graph = builder.build();
    expect(adaptModel(graph)).toBe(graph);
    const actual = (await outputOf(adaptModel(graph, { outputs: 'probabilities' })))?.data as Float32Array;
    const expected = (await outputOf(classifier('nchw')))?.data as Float32Array;
    const offset = (actual[0] ?? 0) - (expected[0] ?? 0);
    for (let k = 0; k < CLASSES; k++) expect(actual[k]).toBeCloseTo((expected[k] ?? 0) + offset, 4);
  });

  test('classes are a run of the logits', async () => {
    const all = (await outputOf(classifier('nchw')))?.data as Float32Array;
    const chosen = await outputOf(selectClasses(classifier('nchw'), { from: 1 }));
    expect(chosen?.shape).toEqual([2, CLASSES - 1]);
    expect([...(chosen?.data as Float32Array)]).toEqual([
      ...all.slice(1, CLASSES),
      ...all.slice(CLASSES + 1),
    ]);
    const two = await outputOf(selectClasses(toLogits(classifier('nchw', 'Softmax')), { from: 2, count: 2 }));
    expect([...(two?.data as Float32Array)]).toEqual([
      ...all.slice(2, 4),
      ...all.slice(CLASSES + 2, CLASSES + 4),
    ]);
  });

  test('trailing dimensions of size 1 go', async () => {
    const builder = GraphBuilder.from(classifier('nchw'));
    const [output] = classifier('nchw').outputs;
    builder.clearOutputs();
    const axes = builder.vector([1, 2]);
    builder.output(builder.node('Unsqueeze', [output?.name ?? '', axes]), 'float32', ['N', 1, 1, CLASSES]);
    expect((await outputOf(adaptModel(builder.build())))?.shape).toEqual([2, CLASSES]);
  });
});

test('a model that takes [N,C,H,W] in [0, 1] and gives logits is left alone', () => {
  const graph = classifier('nchw');
  expect(adaptModel(graph, { preprocessing: { range: [0, 1], channels: 'rgb' }, outputs: 'logits' })).toBe(
    graph,
  );
});

test.each<[ModelOptions, string]>([
  [{ preprocessing: { mean: [1, 2] } }, 'mean has 2 numbers, but the model takes 3 channels'],
  [{ classes: { from: 6 } }, 'classes are 6 to 5, but "classifier" has classes 0 to 5'],
  [{ classes: { from: 2, count: 5 } }, 'classes are 2 to 6, but "classifier" has classes 0 to 5'],
])('options %o that do not fit are one sentence', (options, sentence) => {
  expect(() => adaptModel(classifier('nchw'), options)).toThrow(new ModelError(sentence));
});
