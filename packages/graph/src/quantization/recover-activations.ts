import type { Graph, Node } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { consumersOf, outputNames, producersOf } from '../transforms/consumers.js';
import { pruneDeadNodes } from '../transforms/prune-dead-nodes.js';
import type { ActivationScale } from './affine.js';
import { inBits } from './affine.js';
import type { Quantization } from './quantization.js';

/** A value that is rounded: QuantizeLinear and the DequantizeLinears that read it. */
interface Rounding {
  readonly value: string;
  readonly scale: ActivationScale;
  /** Bits of the range that a Clip before it leaves, and the Clip; 8 without one. */
  readonly bits: number;
  readonly clip?: Node;
  readonly dequantized: readonly string[];
}

type Recovered = Pick<Quantization, 'graph' | 'activationBits' | 'activations'>;

/**
 * Takes the rounding of activations out of a QDQ graph. A pair stays where it is when readers of the value differ in
 * whether, or how, they round it.
 */
export function recoverActivations(graph: Graph): Recovered {
  const clipped = readRoundings(graph, true);
  const [{ bits } = { bits: 8 }] = clipped;
  // All or none: a quantization has one number of bits, and a Clip before 8-bit rounding is an activation.
  const isNarrow = bits < 8 && clipped.every((rounding) => rounding.bits === bits);
  return withoutRoundings(graph, isNarrow ? clipped : readRoundings(graph, false));
}

function withoutRoundings(graph: Graph, roundings: readonly Rounding[]): Recovered {
  const outputs = outputNames(graph);
  const renamed = new Map<string, string>();
  const current = (name: string): string => renamed.get(name) ?? name;
  const activations = new Map<string, ActivationScale>();
  const dropped = new Set<string>();
  for (const { value, scale, clip, dequantized } of roundings) {
    // A value that is rounded already is rounded a second time where it is.
    if (renamed.has(value) || dequantized.some((name) => outputs.has(name))) continue;
    activations.set(value, scale);
    for (const name of dequantized) renamed.set(name, value);
    for (const name of [...dequantized, ...(clip?.outputs ?? [])]) dropped.add(name);
  }
  const nodes = graph.nodes
    .filter(({ outputs: [output = ''] }) => !dropped.has(output))
    .map((node) => ({ ...node, inputs: node.inputs.map(current) }));
  const [{ bits } = { bits: 8 }] = roundings;
  return { graph: pruneDeadNodes({ ...graph, nodes }), activationBits: bits, activations };
}

function readRoundings(graph: Graph, withClips: boolean): readonly Rounding[] {
  const consumers = consumersOf(graph);
  const producers = producersOf(graph);
  const outputs = outputNames(graph);
  return graph.nodes.flatMap((node): readonly Rounding[] => {
    const scale = scaleOf(graph, node);
    const [value = '', quantized = ''] = [node.inputs[0], node.outputs[0]];
    if (scale === undefined || outputs.has(quantized)) return [];
    const readers = consumers.get(quantized) ?? [];
    const isPair = readers.length > 0 && readers.every((reader) => undoes(graph, reader, scale));
    if (!isPair || graph.initializers.has(value) || consumers.get(value)?.length !== 1) return [];
    const dequantized = readers.flatMap(({ outputs: names }) => names);
    const clip = withClips ? producers.get(value) : undefined;
    const bits = clip === undefined || outputs.has(value) ? undefined : bitsOfClip(graph, clip, scale);
    const source = clip?.inputs[0] ?? '';
    if (clip === undefined || bits === undefined || consumers.get(source)?.length !== 1) {
      return [{ value, scale, bits: 8, dequantized }];
    }
    return [{ value: source, scale: inBits(scale, bits), bits, clip, dequantized }];
  });
}

/** The scale of a QuantizeLinear to 8 bits with one scale. */
function scaleOf(graph: Graph, { op, inputs }: Node): ActivationScale | undefined {
  const [, scales, zeros] = inputs.map((name) => graph.initializers.get(name));
  if (op !== 'QuantizeLinear' || scales?.dataType !== 'float32' || scales.data.length !== 1) return undefined;
  if (zeros === undefined && (inputs[2] ?? '') !== '') return undefined;
  const dataType = zeros?.dataType ?? 'uint8';
  if ((dataType !== 'uint8' && dataType !== 'int8') || (zeros?.data.length ?? 1) !== 1) return undefined;
  const [scale = 1, zeroPoint] = [scales.data[0], Number(zeros?.data[0] ?? 0)];
  return inBits({ dataType, scale, zeroPoint }, 8);
}

/** Whether a node reads integers back in the same scale. */
function undoes(graph: Graph, { op, inputs }: Node, { scale, zeroPoint }: ActivationScale): boolean {
  const [, scales, zeros] = inputs.map((name): Tensor | undefined => graph.initializers.get(name));
  return (
    op === 'DequantizeLinear' &&
    scales?.data.length === 1 &&
    scales.data[0] === scale &&
    Number(zeros?.data[0] ?? 0) === zeroPoint
  );
}

/** Fewer bits than 8 whose range the bounds of a Clip are; undefined for any other node. */
function bitsOfClip(graph: Graph, { op, inputs }: Node, scale: ActivationScale): number | undefined {
  const [, low, high] = inputs.map((name) => graph.initializers.get(name)?.data[0]);
  if (op !== 'Clip' || low === undefined || high === undefined) return undefined;
  return [2, 3, 4, 5, 6, 7].find((bits) => {
    const range = inBits(scale, bits);
    return Math.fround(range.low) === Number(low) && Math.fround(range.high) === Number(high);
  });
}
