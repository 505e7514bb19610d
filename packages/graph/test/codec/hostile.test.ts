import type { Attributes, Dim, Graph, Node, Tensor } from '@unpair/graph';
import {
  GraphBuilder,
  ModelError,
  decodeModel,
  encodeModel,
  float32,
  foldConstants,
  inferShapes,
  int,
  int64,
  ints,
  isDifferentiable,
  string,
} from '@unpair/graph';
import { describe, expect, it } from 'vitest';

const MEGABYTE = 2 ** 20;
const FAR = 2 ** 31 - 1;

interface Made {
  readonly inputs?: Readonly<Record<string, readonly Dim[]>>;
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly nodes: readonly (readonly [op: string, inputs: readonly string[], attributes?: Attributes])[];
}

/** A graph whose node k computes `vk`; the last value is the output. */
function made({ inputs = { x: ['N', 3] }, constants = {}, nodes }: Made): Graph {
  return {
    name: 'hostile',
    opset: 17,
    inputs: Object.entries(inputs).map(([name, shape]) => ({ name, dataType: 'float32', shape })),
    outputs: [{ name: `v${nodes.length - 1}`, dataType: 'float32', shape: ['N', 3] }],
    initializers: new Map(Object.entries(constants)),
    nodes: nodes.map(([op, names, attributes = {}], k): Node => {
      return { op, domain: '', name: 'same name', inputs: names, outputs: [`v${k}`], attributes };
    }),
  };
}

const vector = (...values: readonly number[]): Tensor => int64([values.length], values);
const chain = (
  length: number,
  node: (k: number) => readonly [string, readonly string[], Attributes?],
): Made['nodes'] => Array.from({ length }, (_, k) => node(k));
const image = { x: ['N', 3, 8, 8] };
const pool = (kernel: number, pad: number): Attributes => ({
  kernel_shape: ints([kernel, kernel]),
  pads: ints([pad, pad, pad, pad]),
});

/** A length-delimited field of the wire format. */
function field(number: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = [(number << 3) | 2];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest < 128 ? rest : (rest % 128) | 128);
    if (rest < 128) break;
  }
  const whole = new Uint8Array(bytes.length + length);
  whole.set(bytes);
  let at = bytes.length;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** `piece`, `count` times. */
const repeat = (count: number, piece: readonly number[]): Uint8Array =>
  new Uint8Array(count * piece.length).map((_, i) => piece[i % piece.length] ?? 0);

const OPSET_17 = field(8, [0x10, 17]);
const file = (...graph: readonly Uint8Array[]): Uint8Array => {
  const body = field(7, ...graph);
  return Uint8Array.from(Buffer.concat([OPSET_17, body]));
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const RELU = field(1, field(1, text('x')), field(2, text('y')), field(4, text('Relu')));
/** The input x, of `dims` sizes of 1. */
const inputOf = (dims: number): Uint8Array =>
  field(11, field(1, text('x')), field(2, field(1, [0x08, 1], field(2, repeat(dims, [0x0a, 2, 0x08, 1])))));

/** What the command line does with a file; the sentence where it is refused. */
function outcome(bytes: Uint8Array): string {
  try {
    const graph = decodeModel(bytes);
    inferShapes(graph);
    const verdict = isDifferentiable(foldConstants(graph));
    return verdict.ok ? 'accepted' : verdict.reason;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}

describe('hostile models end in bounded memory and time', () => {
  it.each<[string, () => Uint8Array | Graph, string | RegExp]>([
    [
      'constants that would fill gigabytes, again and again',
      () =>
        made({
          constants: { shape: vector(4096, 4096) },
          nodes: [
            ...chain(400, () => ['ConstantOfShape', ['shape']]),
            ['Sum', Array.from({ length: 400 }, (_, k) => `v${k}`)],
          ],
        }),
      /./,
    ],
    [
      'one constant of terabytes',
      () => made({ constants: { shape: vector(2 ** 20, 2 ** 20) }, nodes: [['ConstantOfShape', ['shape']]] }),
      /./,
    ],
    [
      'Expand to terabytes',
      () => made({ constants: { shape: vector(2 ** 20, 2 ** 20, 3) }, nodes: [['Expand', ['x', 'shape']]] }),
      /./,
    ],
    [
      'Tile a billion times',
      () => made({ constants: { times: vector(1, 1e9) }, nodes: [['Tile', ['x', 'times']]] }),
      'it repeats axis 1 1000000000 times, allowed are 1 to 4096',
    ],
    [
      'a Range of a billion',
      () =>
        made({
          constants: { from: int64([], [0]), to: int64([], [1e9]), by: int64([], [1]) },
          nodes: [['Range', ['from', 'to', 'by']]],
        }),
      /./,
    ],
    [
      'a Slice of the largest axis',
      () =>
        made({
          inputs: { x: [FAR] },
          constants: { start: vector(0), end: vector(FAR), axis: vector(0), step: vector(2) },
          nodes: [['Slice', ['x', 'start', 'end', 'axis', 'step']]],
        }),
      'it would need 2147483647 constants or nodes',
    ],
    [
      'empty tensors with one huge size',
      () =>
        made({
          constants: { empty: int64([0, FAR], []), from: vector(0), to: vector(FAR) },
          nodes: [
            ['Slice', ['empty', 'from', 'to']],
            ['Transpose', ['v0']],
            ['Expand', ['x', 'v1']],
          ],
        }),
      /./,
    ],
    [
      'a shape of two billion dimensions',
      () =>
        made({
          inputs: { x: ['N', 3] },
          constants: {},
          nodes: [
            ['Shape', ['x']],
            ['ConstantOfShape', ['v1']],
            ['Reshape', ['x', 'v0']],
          ],
        }),
      /./,
    ],
    [
      'sizes whose names double at each node',
      () =>
        made({
          inputs: { x: ['A'], y: ['B'] },
          nodes: chain(300, (k) => [
            'Concat',
            [k < 1 ? 'x' : `v${k - 1}`, k < 2 ? 'y' : `v${k - 2}`],
            { axis: int(0) },
          ]),
        }),
      /its size "size_\w+" is known only at run time$/,
    ],
    [
      'five thousand nodes of one name',
      () => made({ nodes: chain(5e3, (k) => ['Relu', [k === 0 ? 'x' : `v${k - 1}`]]) }),
      'accepted',
    ],
    [
      'an equation of garbage',
      () => made({ nodes: [['Einsum', ['x'], { equation: string('->'.repeat(5e4)) }]] }),
      'which does not fit operands of [2] dimensions',
    ],
    [
      'an equation of letters',
      () => made({ nodes: [['Einsum', ['x'], { equation: string('a'.repeat(1e5)) }]] }),
      'which does not fit operands of [2] dimensions',
    ],
    [
      'a pool over a million elements',
      () => made({ inputs: image, nodes: [['AveragePool', ['x'], pool(1001, 500)]] }),
      'cannot be differentiated: it would need 1002001 constants or nodes, more than 16384',
    ],
    [
      'padding by reflection, far',
      () =>
        made({
          inputs: image,
          constants: { pads: vector(0, 0, 1e9, 0, 0, 0, 0, 0) },
          nodes: [['Pad', ['x', 'pads'], { mode: string('reflect') }]],
        }),
      'it would need 1000000008 constants or nodes',
    ],
    [
      'resizing to a billion rows',
      () =>
        made({
          inputs: image,
          constants: { scales: float32([4], [1, 1, 1.25e8, 1]) },
          nodes: [['Resize', ['x', '', 'scales'], { mode: string('linear') }]],
        }),
      'it would need 8000000000 constants or nodes',
    ],
    [
      'a hundred thousand dimensions',
      () => file(RELU, inputOf(1e5)),
      'declares 100000 dimensions, more than 64',
    ],
    [
      'a dimension with an endless name',
      () => made({ inputs: { x: ['N'.repeat(1e6)] }, nodes: [['Relu', ['x']]] }),
      'has a dimension whose name is longer than 256 characters',
    ],
    [
      'an attribute of two million integers',
      () =>
        file(
          field(1, field(4, text('Relu')), field(5, field(1, text('axes')), field(8, repeat(2.2e6, [1])))),
        ),
      'more than 2097152 fields and integers',
    ],
    ['a million empty nodes', () => file(repeat(1.2e6, [0x0a, 0])), 'more than 2097152 fields and integers'],
    ['many inputs without a name', () => file(repeat(2e5, [0x5a, 0])), /./],
    ['groups in groups in groups', () => file(repeat(2 ** 20, [0x7b])), 'is damaged'],
  ])('%s', (_, make, expected) => {
    const given = make();
    const bytes = given instanceof Uint8Array ? given : encodeModel(given);
    const before = process.memoryUsage().rss;
    const started = performance.now();
    expect(outcome(bytes)).toMatch(expected);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(700 * MEGABYTE);
  });
});

it('keeps what is too large to store as the computation that it is', () => {
  const b = new GraphBuilder('large');
  const x = b.input('x', 'float32', ['N', 1]);
  const big = b.node('ConstantOfShape', [b.vector([2 ** 13, 2 ** 13])]);
  b.output(b.node('Add', [x, big]), 'float32', ['N', 2 ** 13]);
  expect(foldConstants(b.build()).nodes.map(({ op }) => op)).toEqual(['ConstantOfShape', 'Add']);
});
