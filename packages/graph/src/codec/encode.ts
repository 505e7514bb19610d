import { codeOfDataType } from '../data-types.js';
import type { Dim, Graph, Node, ValueInfo } from '../graph.js';
import { encodeAttribute } from './attribute.js';
import { encodeTensor } from './tensor.js';
import { serializeModel } from './wire.js';

/** The IR version that introduced each of the newer operator sets; older ones go with 8. */
const IR_VERSIONS: Readonly<Record<number, number>> = { 19: 9, 20: 9, 21: 10, 22: 10, 23: 11 };

/**
 * Writes a graph as an ONNX file. Equal graphs give equal bytes: initializers and attributes are written in the
 * order of their names, and nothing depends on the time or on this program's version.
 */
export function encodeModel(graph: Graph): Uint8Array {
  const domains = [...new Set(graph.nodes.map((node) => node.domain))]
    .filter((domain) => domain !== '')
    .sort();
  return serializeModel({
    irVersion: IR_VERSIONS[graph.opset] ?? 8,
    producerName: 'unpair',
    graph: {
      name: graph.name,
      node: graph.nodes.map(encodeNode),
      initializer: [...graph.initializers].sort(byName).map(([name, tensor]) => encodeTensor(tensor, name)),
      input: graph.inputs.map(encodeValueInfo),
      output: graph.outputs.map(encodeValueInfo),
    },
    opsetImport: [{ domain: '', version: graph.opset }, ...domains.map((domain) => ({ domain, version: 1 }))],
  });
}

function encodeNode({ op, domain, name, inputs, outputs, attributes }: Node): object {
  return {
    input: inputs,
    output: outputs,
    name,
    opType: op,
    domain,
    attribute: Object.entries(attributes)
      .sort(byName)
      .map(([key, attribute]) => encodeAttribute(key, attribute)),
  };
}

function encodeValueInfo({ name, dataType, shape }: ValueInfo): object {
  return {
    name,
    type: { tensorType: { elemType: codeOfDataType(dataType), shape: { dim: shape.map(encodeDim) } } },
  };
}

function encodeDim(dim: Dim): object {
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
