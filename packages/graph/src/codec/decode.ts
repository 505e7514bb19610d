import { intAttribute } from '../attributes.js';
import { dataTypeOfCode } from '../data-types.js';
import type { Dim, Graph, Node, ValueInfo, ValueType } from '../graph.js';
import { ModelError } from '../graph.js';
import { constantTensor } from '../shapes/constant.js';
import { inferShapes } from '../shapes/infer.js';
import type { Tensor } from '../tensor.js';
import { rewriteQuantizedOperators } from '../transforms/rewrite-quantized.js';
import { upgradeOpset } from '../transforms/upgrade-opset.js';
import { widenFloat16 } from '../transforms/widen-float16.js';
import { decodeNodes, defaultOpset, withoutTrailingBlanks } from './nodes.js';
import { orderNodes } from './order.js';
import type { ReadExternal } from './tensor.js';
import { checkElements, checkSize, decodeTensor } from './tensor.js';
import type { WireDim, WireGraph, WireModel, WireValueInfo } from './wire.js';
import { parseModel, toNumber } from './wire.js';

/** Operator sets that can be read. */
const OPSETS = { min: 9, max: 23 } as const;

/** Longest name of a dimension. */
const LONGEST_NAME = 256;

export interface DecodeOptions {
  /** Reads tensors that lie in files beside the model. Default: models that have such are refused. */
  readonly external?: ReadExternal;
}

/**
 * Reads an ONNX file into one normal form: constants are initializers and not inputs, nodes are named and in
 * topological order, functions are inlined, outputs that only training uses are gone, integer operators are written as
 * float operators between QuantizeLinear and DequantizeLinear, float16 is float32, operator sets before 13 are
 * upgraded to it, and an unnamed batch dimension is `N`. Weights are views of `bytes` where these are aligned, so
 * `bytes` must not change afterwards.
 * @throws {ModelError} saying in one sentence what is wrong with the file. Any bytes end in a graph or in this.
 */
export function decodeModel(bytes: Uint8Array, options: DecodeOptions = {}): Graph {
  return decodeOnnxFile(bytes, options).graph;
}

/** What an ONNX file holds, and what its normal form no longer tells. */
export interface OnnxFile {
  readonly graph: Graph;
  /** Version of the default operator set for which the file was written; the graph's may be newer. */
  readonly opset: number;
}

/** Like {@link decodeModel}, with what is known of the file itself. */
export function decodeOnnxFile(bytes: Uint8Array, { external }: DecodeOptions = {}): OnnxFile {
  const model = parseModel(bytes);
  const wire = model.graph;
  if (wire === null) throw new ModelError('the model file holds no graph');
  const opset = opsetOf(model);
  const sources = { functions: model.functions, opset, readExternal: external };
  const { nodes, initializers } = widenFloat16(
    hoistConstants(decodeNodes(wire.node, sources), decodeInitializers(wire, external)),
  );
  const inputs = wire.input.filter(({ name }) => !initializers.has(name)).map(decodeInput);
  const wanted = new Set([...nodes.flatMap((node) => node.inputs), ...wire.output.map(({ name }) => name)]);
  const ordered = orderNodes(
    nodes.map((node) => dropSpareOutputs(node, wanted)),
    [...inputs.map(({ name }) => name), ...initializers.keys()],
  );
  const read = { name: wire.name || 'model', opset, inputs, outputs: [], initializers, nodes: ordered };
  const graph = upgradeOpset(rewriteQuantizedOperators(read));
  return { graph: { ...graph, outputs: decodeOutputs(wire.output, graph) }, opset };
}

function opsetOf(model: WireModel): number {
  const version = defaultOpset(model.opsetImport) ?? 1;
  if (version < OPSETS.min || version > OPSETS.max) {
    throw new ModelError(
      `the model uses ONNX operator set ${version}, supported are ${OPSETS.min} to ${OPSETS.max}`,
    );
  }
  return version;
}

function decodeInitializers(wire: WireGraph, external: ReadExternal | undefined): Map<string, Tensor> {
  const [sparse] = wire.sparseInitializer;
  if (sparse !== undefined) {
    throw new ModelError(`initializer "${sparse.values?.name ?? ''}" is sparse, which is not supported`);
  }
  const initializers = new Map<string, Tensor>();
  for (const tensor of wire.initializer) {
    if (tensor.name === '') throw new ModelError('an initializer of the model has no name');
    if (initializers.has(tensor.name)) throw new ModelError(`initializer "${tensor.name}" is defined twice`);
    initializers.set(tensor.name, decodeTensor(tensor, `initializer "${tensor.name}"`, external));
  }
  return initializers;
}

function hoistConstants(
  nodes: readonly Node[],
  initializers: Map<string, Tensor>,
): { nodes: readonly Node[]; initializers: ReadonlyMap<string, Tensor> } {
  const rest: Node[] = [];
  for (const node of nodes) {
    const [output] = node.outputs;
    if (node.op !== 'Constant' || node.domain !== '' || output === undefined) rest.push(node);
    else if (initializers.has(output)) throw new ModelError(`value "${output}" is defined twice`);
    else initializers.set(output, constantTensor(node));
  }
  return { nodes: rest, initializers };
}

const WITH_SPARE_OUTPUTS: ReadonlySet<string> = new Set(['BatchNormalization', 'Dropout', 'MaxPool']);

/** Exporters list statistics, masks and indices that nobody reads; runtimes then take them for training. */
function dropSpareOutputs(node: Node, wanted: ReadonlySet<string>): Node {
  if (!WITH_SPARE_OUTPUTS.has(node.op) || intAttribute(node, 'training_mode', 0) === 1) return node;
  const used = node.outputs.map((name, i) => (i === 0 || wanted.has(name) ? name : ''));
  return { ...node, outputs: withoutTrailingBlanks(used) };
}

function decodeInput(wire: WireValueInfo): ValueInfo {
  const info = decodeValueInfo(wire, `input "${wire.name}"`, (axis) =>
    axis === 0 ? 'N' : `${wire.name}_${axis}`,
  );
  if (info === undefined) throw new ModelError(`input "${wire.name}" declares no shape`);
  return info;
}

/** Outputs as the file declares them; a shape it does not declare is inferred. */
function decodeOutputs(outputs: readonly WireValueInfo[], graph: Graph): readonly ValueInfo[] {
  if (outputs.length === 0) throw new ModelError('the model has no outputs');
  const defined = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  let types: ReadonlyMap<string, ValueType> | undefined;
  return outputs.map((wire) => {
    if (!defined.has(wire.name)) throw new ModelError(`output "${wire.name}" is not computed by any node`);
    const declared = decodeValueInfo(wire, `output "${wire.name}"`, () => undefined);
    const inferred = declared ?? (types ??= inferShapes(graph)).get(wire.name);
    if (inferred === undefined) throw new ModelError(`output "${wire.name}" declares no shape`);
    return { name: wire.name, dataType: inferred.dataType, shape: inferred.shape };
  });
}

/** `undefined` when the file says too little. */
function decodeValueInfo(
  wire: WireValueInfo,
  place: string,
  nameFor: (axis: number) => string | undefined,
): ValueInfo | undefined {
  const tensor = wire.type?.tensorType;
  if (tensor === undefined || tensor === null) {
    if (wire.type === null) return undefined;
    throw new ModelError(`${place} is not a tensor, which is not supported`);
  }
  const declared = dataTypeOfCode(tensor.elemType, place);
  const dataType = declared === 'float16' ? 'float32' : declared;
  const shape = tensor.shape?.dim.map((dim, axis) => decodeDim(dim, place) ?? nameFor(axis));
  if (shape?.every((dim) => dim !== undefined) !== true) return undefined;
  checkElements(
    shape.map((dim) => (typeof dim === 'number' ? dim : 1)),
    place,
  );
  return { name: wire.name, dataType, shape };
}

/** Exporters write an open dimension as a name, as nothing, or as a size of 0 or -1. */
function decodeDim(dim: WireDim, place: string): Dim | undefined {
  if (dim.value === 'dimParam') {
    if (dim.dimParam.length > LONGEST_NAME) {
      throw new ModelError(`${place} has a dimension whose name is longer than ${LONGEST_NAME} characters`);
    }
    return dim.dimParam === '' ? undefined : dim.dimParam;
  }
  const size = dim.value === 'dimValue' ? toNumber(dim.dimValue) : 0;
  return size <= 0 && size >= -1 ? undefined : checkSize(size, place);
}
