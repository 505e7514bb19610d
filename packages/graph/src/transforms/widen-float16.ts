import { codeOfDataType } from '../data-types.js';
import { float16Value } from '../float16.js';
import type { Attribute, Attributes, Node } from '../graph.js';
import { int } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** The part of a graph that holds element types. */
interface Typed {
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

const FLOAT16 = codeOfDataType('float16');
const FLOAT32 = codeOfDataType('float32');

/** Makes float32 of everything that is float16, which not all runtimes compute with. */
export function widenFloat16({ nodes, initializers }: Typed): Typed {
  return {
    nodes: nodes.map((node) => {
      const attributes = widenAttributes(node.attributes);
      return attributes === node.attributes ? node : { ...node, attributes };
    }),
    initializers: new Map([...initializers].map(([name, tensor]) => [name, widen(tensor)])),
  };
}

/** Tensors that nodes hold, and the element types that Cast and others name. */
function widenAttributes(attributes: Attributes): Attributes {
  const entries = Object.entries(attributes);
  const isAffected = ([name, attribute]: readonly [string, Attribute]): boolean =>
    (attribute.kind === 'tensor' && attribute.value.dataType === 'float16') ||
    ((name === 'to' || name === 'dtype') && attribute.kind === 'int' && attribute.value === FLOAT16);
  if (!entries.some(isAffected)) return attributes;
  return Object.fromEntries(
    entries.map((entry): [string, Attribute] => {
      const [name, attribute] = entry;
      if (!isAffected(entry)) return [name, attribute];
      return [
        name,
        attribute.kind === 'tensor' ? { kind: 'tensor', value: widen(attribute.value) } : int(FLOAT32),
      ];
    }),
  );
}

function widen(tensor: Tensor): Tensor {
  if (tensor.dataType !== 'float16') return tensor;
  return { dataType: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.data, float16Value) };
}
