import type { Graph, Tensor } from '@unpair/graph';
import { GraphBuilder, encodeModel, float32, gradient, gradientName, sizeOf } from '@unpair/graph';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { seeded } from '../../support/random.js';

/** An input of a graph under test: its shape as run, where it is not what the graph declares, and its range. */
export interface Point {
  readonly shape: readonly number[];
  readonly low?: number;
  readonly high?: number;
}

export interface CheckOptions {
  readonly seed?: number;
  /** Step of the central differences. */
  readonly step?: number;
  /** Allowed difference, relative to the size of the directional derivatives. */
  readonly tolerance?: number;
}

/** A graph with one output from a few nodes; the last value is the output. */
export function graphOf(
  inputs: Readonly<Record<string, Point>>,
  write: (builder: GraphBuilder) => string,
  outputShape: Graph['outputs'][number]['shape'] = [],
): Graph {
  const builder = new GraphBuilder('under-test');
  for (const [name, { shape }] of Object.entries(inputs)) builder.input(name, 'float32', shape);
  builder.output(write(builder), 'float32', outputShape);
  return builder.build();
}

/**
 * Checks the derivative of a graph's first output with respect to each named input against central differences: the
 * output is weighted with random numbers, and every derivative is compared along random directions.
 */
export async function checkGradient(
  graph: Graph,
  points: Readonly<Record<string, Point>>,
  { seed = 1, step = 1e-2, tolerance = 2e-2 }: CheckOptions = {},
): Promise<void> {
  const random = seeded(seed);
  const feeds = Object.fromEntries(
    Object.entries(points).map(([name, point]) => [name, randomTensor(point, random)]),
  );
  const of = graph.outputs[0]?.name ?? '';
  await using plain = await load(graph);
  const output = (await plain.run(feeds))[of];
  if (output === undefined) throw new Error(`no output ${of}`);
  const weights = randomTensor({ shape: output.shape, low: -1, high: 1 }, random);
  const total = weighted(graph, of, weights);
  await using differentiated = await load(gradient(total, { of: 'total', wrt: Object.keys(points) }));
  const results = await differentiated.run({ ...feeds, weights });
  for (const name of Object.keys(points)) {
    const derivative = results[gradientName('total', name)];
    if (derivative === undefined) throw new Error(`no derivative of ${name}`);
    expect(derivative.shape, `shape of the derivative of ${name}`).toEqual(feeds[name]?.shape);
    for (let direction = 0; direction < 3; direction++) {
      const along = randomTensor({ shape: derivative.shape, low: -1, high: 1 }, random);
      const value = async (distance: number): Promise<number> => {
        const moved = { ...feeds, [name]: move(feeds[name], along, distance) };
        return dot((await plain.run(moved))[of], weights);
      };
      const expected = ((await value(step)) - (await value(-step))) / (2 * step);
      const scale = Math.max(norm(derivative), 1e-3);
      expect(Math.abs(dot(derivative, along) - expected) / scale, `derivative of ${name}`).toBeLessThan(
        tolerance,
      );
    }
  }
}

/** Adds `total` = Σ weights·of. */
function weighted(graph: Graph, of: string, weights: Tensor): Graph {
  const builder = GraphBuilder.from(graph);
  builder.input('weights', 'float32', weights.shape);
  const sum = builder.node('ReduceSum', [builder.node('Mul', [of, 'weights'])]);
  builder.output(
    builder.rename(sum, 'total'),
    'float32',
    weights.shape.map(() => 1),
  );
  return builder.build();
}

/** A session that closes itself. */
export async function load(
  graph: Graph,
): Promise<
  AsyncDisposable & { run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> }
> {
  const session = await InferenceSession.create(encodeModel(graph), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const wanted = new Set(session.inputNames);
  return {
    async run(feeds) {
      const entries = Object.entries(feeds).filter(([name]) => wanted.has(name));
      const results = await session.run(
        Object.fromEntries(
          entries.map(([name, { dataType, data, shape }]) => [
            name,
            new OrtTensor(dataType as 'float32', data as Float32Array, shape),
          ]),
        ),
      );
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => [
          name,
          float32([...dims], data as Float32Array),
        ]),
      );
    },
    async [Symbol.asyncDispose]() {
      await session.release();
    },
  };
}

/** Evenly spaced numbers in random order: no two are so close that a small step makes them change places. */
export function randomTensor({ shape, low = -2, high = 2 }: Point, random: () => number): Tensor<'float32'> {
  const size = sizeOf(shape);
  const order = Array.from({ length: size }, (_, index) => ({ index, key: random() }));
  order.sort((a, b) => a.key - b.key);
  return float32(
    shape,
    order.map(({ index }) => low + ((high - low) * (index + 0.4)) / size),
  );
}

function move(tensor: Tensor | undefined, along: Tensor<'float32'>, distance: number): Tensor<'float32'> {
  const data = tensor?.data as Float32Array;
  return float32(
    along.shape,
    data.map((value, index) => value + distance * (along.data[index] ?? 0)),
  );
}

export function dot(a: Tensor | undefined, b: Tensor | undefined): number {
  const [left, right] = [a?.data as Float32Array, b?.data as Float32Array];
  return left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
}

function norm(tensor: Tensor): number {
  return Math.sqrt(dot(tensor, tensor));
}
