import type { Graph, Node } from '@unpair/graph';
import { int, int64, ints } from '@unpair/graph';

/** Writes LogSoftmax in operators that the WebGPU provider has: x - max, less the logarithm of the sum of its exponentials. */
export function openLogSoftmax(graph: Graph): Graph {
  if (!graph.nodes.some(({ op }) => op === 'LogSoftmax')) return graph;
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => {
    if (node.op !== 'LogSoftmax') return [node];
    const { attributes, outputs } = node;
    const given = attributes['axis'];
    const axis = given?.kind === 'int' ? Number(given.value) : -1;
    const axes = `${outputs[0] ?? ''}/axes`;
    initializers.set(axes, int64([1], [axis]));
    return opened(node, axis, graph.opset >= 18 ? axes : undefined, axes);
  });
  return { ...graph, initializers, nodes };
}

/** @param maxAxes input of ReduceMax that names the axis; an attribute does before opset 18 */
function opened(node: Node, axis: number, maxAxes: string | undefined, axes: string): readonly Node[] {
  const [x = ''] = node.inputs;
  const [y = ''] = node.outputs;
  const make = (
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Node['attributes'] = {},
  ): Node => ({ op, domain: '', name: output, inputs, outputs: [output], attributes });
  const keep = { keepdims: int(1) };
  const value = (role: string): string => `${y}/${role}`;
  const [max, shifted, powers, sum, log] = [
    value('max'),
    value('shifted'),
    value('powers'),
    value('sum'),
    value('log'),
  ];
  return [
    maxAxes === undefined
      ? make('ReduceMax', [x], max, { ...keep, axes: ints([axis]) })
      : make('ReduceMax', [x, maxAxes], max, keep),
    make('Sub', [x, max], shifted),
    make('Exp', [shifted], powers),
    make('ReduceSum', [powers, axes], sum, keep),
    make('Log', [sum], log),
    make('Sub', [shifted, log], y),
  ];
}
