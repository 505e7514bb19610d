import type { Graph } from '@unpair/graph';
import { GraphBuilder, inferShapes, intAttribute } from '@unpair/graph';

/** How much larger than the largest sum of exponentials float32 is, by the kernel's own choice of their unit. */
const HEADROOM = Math.exp(5);

/**
 * Has onnxruntime compute in floats each Softmax that its integer kernel gets wrong. That kernel, QLinearSoftmax for
 * DequantizeLinear, Softmax and QuantizeLinear, multiplies an exponential by the inverse of the result's scale before it
 * divides by the sum. Where the scale is below 1 / (e⁵ · length of the axis), as in attention that is spread over all tokens,
 * the product exceeds float32 and the largest share becomes 0. An Abs behind the Softmax, which changes no share, keeps
 * the pattern from being found.
 */
export function keepSoftmaxInFloats(graph: Graph): Graph {
  const scales = scalesBehind(graph);
  if (!graph.nodes.some(({ op, outputs: [output = ''] }) => op === 'Softmax' && scales.has(output))) {
    return graph;
  }
  const types = inferShapes(graph);
  const builder = GraphBuilder.rewriting(graph);
  for (const node of graph.nodes) {
    const [output = ''] = node.outputs;
    const scale = node.op === 'Softmax' ? scales.get(output) : undefined;
    const length = types.get(output)?.shape.at(intAttribute(node, 'axis', -1));
    if (scale !== undefined && typeof length === 'number' && scale * HEADROOM * length <= 1) {
      const shares = builder.node('Softmax', node.inputs, node.attributes);
      builder.append({ ...node, op: 'Abs', inputs: [shares], attributes: {} });
    } else builder.append(node);
  }
  return builder.build();
}

/** The least constant scale that each value is rounded to. */
function scalesBehind({ nodes, initializers }: Graph): ReadonlyMap<string, number> {
  const scales = new Map<string, number>();
  for (const { op, inputs } of nodes) {
    const [value = '', name = ''] = inputs;
    const scale = op === 'QuantizeLinear' ? initializers.get(name)?.data[0] : undefined;
    if (scale !== undefined) scales.set(value, Math.min(Number(scale), scales.get(value) ?? Infinity));
  }
  return scales;
}
