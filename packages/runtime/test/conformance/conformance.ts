import { UnpairError } from '@unpair/errors';
import type { DataType, Executable, Graph, Runtime, Tensor, Tensors } from '@unpair/graph';
import { GraphBuilder, float32, int, int64, ints } from '@unpair/graph';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorCase } from './cases.js';
import { OPERATOR_CASES } from './cases.js';
import { pattern } from './reference.js';

/**
 * What any implementation of {@link Runtime} must satisfy. A runtime's own test file calls this once.
 *
 * @param tolerance relative to the largest expected magnitude of a case; single precision by default
 */
export function runtimeConformance(
  name: string,
  createRuntime: () => Runtime | Promise<Runtime>,
  tolerance = 1e-5,
): void {
  const open: Executable[] = [];
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await createRuntime();
  });
  const load = async (graph: Graph, threads?: number): Promise<Executable> => {
    const executable = await runtime.load(graph, threads === undefined ? {} : { threads });
    open.push(executable);
    return executable;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((executable) => executable.close()));
  });

  describe(`${name}: operators`, () => {
    it.each(OPERATOR_CASES)('$name', async (operator) => {
      const executable = await load(graphOf(operator));
      const { result } = await executable.run(operator.feeds);
      expectClose(result, operator.expected, tolerance);
    });
  });

  describe(`${name}: element types`, () => {
    it.each(EVERY_TYPE)('passes $dataType through bit for bit', async (tensor) => {
      const graph = new GraphBuilder('identity');
      graph.input('value', tensor.dataType, tensor.shape);
      graph.output(graph.node('Reshape', ['value', graph.vector([2, 1])]), tensor.dataType, [2, 1]);
      const executable = await load(graph.build());
      const [result] = Object.values(await executable.run({ value: tensor }));
      expect(result).toEqual({ ...tensor, shape: [2, 1] });
    });
  });

  describe(`${name}: feeds`, () => {
    it.each(BAD_FEEDS)('refuses $what', async ({ feeds, message }) => {
      const executable = await load(classifier());
      await expect(executable.run(feeds)).rejects.toThrow(UnpairError);
      await expect(executable.run(feeds)).rejects.toThrow(message);
    });

    it('still runs after it refused a feed', async () => {
      const executable = await load(classifier());
      await expect(executable.run({})).rejects.toThrow(UnpairError);
      const { logits } = await executable.run({ images: images(2), scale: float32([], [1]) });
      expect(logits?.shape).toEqual([2, 10]);
    });

    it('does not change what it was fed', async () => {
      const executable = await load(classifier());
      const fed = images(3);
      await executable.run({ images: fed, scale: float32([], [2]) });
      expect(fed).toEqual(images(3));
    });
  });

  describe(`${name}: results that do not depend on the company`, () => {
    it('gives one sample the same bits in every batch and at every place in it', async () => {
      const executable = await load(classifier());
      const all = await logitsOf(executable, images(64));
      for (const size of [1, 2, 7, 32]) {
        for (const first of [0, 64 - size]) {
          const part = await logitsOf(executable, images(64, first, size));
          expect(part).toEqual(all.subarray(first * 10, (first + size) * 10));
        }
      }
    });

    it('gives the same bits with one and with two threads', async () => {
      const one = await logitsOf(await load(classifier(), 1), images(16));
      const two = await logitsOf(await load(classifier(), 2), images(16));
      expect(two).toEqual(one);
    });

    it('answers runs that were started together each with its own result', async () => {
      const executable = await load(classifier());
      const together = await Promise.all([1, 2, 3].map((count) => logitsOf(executable, images(count))));
      for (const [index, logits] of together.entries()) {
        expect(logits).toEqual(await logitsOf(executable, images(index + 1)));
      }
    });

    it('keeps two loaded graphs apart', async () => {
      const [first, second] = [await load(classifier(1)), await load(classifier(2))];
      expect(await logitsOf(first, images(1))).not.toEqual(await logitsOf(second, images(1)));
    });
  });

  describe(`${name}: lifetime`, () => {
    it('finishes the runs in flight, then refuses more, and may be closed twice', async () => {
      const executable = await runtime.load(classifier());
      const running = logitsOf(executable, images(8));
      const closing = executable.close();
      await expect(logitsOf(executable, images(1))).rejects.toThrow('graph "classifier" is closed');
      expect((await running).length).toBe(80);
      await closing;
      await executable.close();
    });

    it('refuses an operator it does not know, naming it', async () => {
      const graph = new GraphBuilder('strange');
      graph.input('x', 'float32', [1]);
      graph.output(graph.node('NoSuchOperator', ['x']), 'float32', [1]);
      await expect(runtime.load(graph.build())).rejects.toThrow(UnpairError);
      await expect(runtime.load(graph.build())).rejects.toThrow(/NoSuchOperator/);
    });

    it.each([0, -1, 1.5])('refuses %d threads', async (threads) => {
      await expect(runtime.load(classifier(), { threads })).rejects.toThrow(`threads is ${String(threads)}`);
    });
  });

  it(`${name} says what it is`, () => {
    expect(runtime.name).toBe(name);
    expect(runtime.version).toMatch(/^\d+\.\d+/);
    expect(runtime.device).toMatch(/^(cpu|cuda:\d+)$/);
  });
}

const EVERY_TYPE: readonly Tensor[] = [
  { dataType: 'float32', shape: [2], data: Float32Array.of(-1.5, 3e38) },
  { dataType: 'float64', shape: [2], data: Float64Array.of(-1.5, 1e300) },
  { dataType: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
  { dataType: 'int64', shape: [2], data: BigInt64Array.of(-1n, 2n ** 60n) },
  { dataType: 'int32', shape: [2], data: Int32Array.of(-1, 2 ** 30) },
  { dataType: 'int16', shape: [2], data: Int16Array.of(-1, 2 ** 14) },
  { dataType: 'int8', shape: [2], data: Int8Array.of(-128, 127) },
  { dataType: 'uint16', shape: [2], data: Uint16Array.of(1, 65_535) },
  { dataType: 'uint8', shape: [2], data: Uint8Array.of(1, 255) },
  { dataType: 'bool', shape: [2], data: Uint8Array.of(0, 1) },
];

interface BadFeeds {
  readonly what: string;
  readonly feeds: Tensors;
  readonly message: string | RegExp;
}

const scale = float32([], [1]);

const BAD_FEEDS: readonly BadFeeds[] = [
  { what: 'a missing feed', feeds: { scale }, message: 'input "images" of graph "classifier" is not fed' },
  {
    what: 'an unknown feed',
    feeds: { images: images(1), scale, extra: scale },
    message: 'graph "classifier" has no input "extra"; its inputs are: images, scale',
  },
  {
    what: 'a wrong element type',
    feeds: { images: images(1), scale: int64([], [1]) },
    message: 'input "scale" of graph "classifier" takes float32, but was fed int64',
  },
  {
    what: 'a wrong rank',
    feeds: { images: pattern([3, 32, 32]), scale },
    message: /input "images" .* takes shape \[N, 3, 8, 8\], but was fed \[3, 32, 32\]/,
  },
  {
    what: 'a wrong size',
    feeds: { images: pattern([1, 3, 8, 9]), scale },
    message: /input "images" .* takes shape \[N, 3, 8, 8\], but was fed \[1, 3, 8, 9\]/,
  },
  {
    what: 'fewer elements than the shape holds',
    feeds: { images: { dataType: 'float32', shape: [1, 3, 8, 8], data: new Float32Array(5) }, scale },
    message: /was fed 5 elements for shape \[1, 3, 8, 8\], which holds 192/,
  },
];

function graphOf({ name, feeds, build, expected }: OperatorCase): Graph {
  const graph = new GraphBuilder(name);
  for (const [input, { dataType, shape }] of Object.entries(feeds)) graph.input(input, dataType, shape);
  graph.output(graph.rename(build(graph), 'result'), expected.dataType, expected.shape);
  return graph.build();
}

/** Two convolutions and a linear layer over [N,3,8,8]: small, but wide enough for blocked kernels. */
function classifier(seed = 1): Graph {
  const graph = new GraphBuilder('classifier');
  graph.input('images', 'float32', ['N', 3, 8, 8]);
  graph.input('scale', 'float32', []);
  const layer = (value: string, shape: readonly number[]): string => {
    const weight = graph.initializer('weight', pattern(shape, seed + shape.length));
    return graph.node('Relu', [graph.node('Conv', [value, weight], { pads: ints([1, 1, 1, 1]) })]);
  };
  const scaled = graph.node('Mul', ['images', 'scale']);
  const features = layer(layer(scaled, [16, 3, 3, 3]), [32, 16, 3, 3]);
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [features])], { axis: int(1) });
  const head = graph.initializer('head', pattern([32, 10], seed));
  graph.output(graph.rename(graph.node('MatMul', [pooled, head]), 'logits'), 'float32', ['N', 10]);
  return graph.build();
}

/** `count` images of one fixed set, from the `first` on. */
function images(total: number, first = 0, count = total): Tensor<'float32'> {
  return float32([count, 3, 8, 8], pattern([64, 3, 8, 8], 9).data.slice(first * 192, (first + count) * 192));
}

async function logitsOf(executable: Executable, fed: Tensor<'float32'>): Promise<Float32Array> {
  const { logits } = await executable.run({ images: fed, scale });
  if (logits?.dataType !== 'float32') throw new TypeError('the classifier must give float32 logits');
  return logits.data;
}

function expectClose(actual: Tensor | undefined, expected: Tensor, tolerance: number): void {
  expect(actual?.dataType).toBe<DataType>(expected.dataType);
  expect(actual?.shape).toEqual(expected.shape);
  const wanted = [...expected.data].map(Number);
  const allowed = tolerance * Math.max(1, ...wanted.map(Math.abs));
  const worst = Math.max(
    ...[...(actual?.data ?? [])].map((value, i) => Math.abs(Number(value) - (wanted[i] ?? NaN))),
  );
  expect(worst).toBeLessThanOrEqual(allowed);
}
