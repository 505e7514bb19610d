export { BUILD_OPSET, GraphBuilder } from './builder.js';
export { RuntimeError } from './executable.js';
export type { Executable, LoadOptions, Runtime, Tensors } from './executable.js';
export { ModelError, float, floats, int, ints, string } from './graph.js';
export type { Attribute, Attributes, Dim, Graph, Node, ValueInfo, ValueType } from './graph.js';
export { float32, int64, sizeOf } from './tensor.js';
export type { ArrayOf, DataType, Tensor } from './tensor.js';
