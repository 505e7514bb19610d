/**
 * Operators on single elements that may work on blocked channels as on any others. What fills up a block starts as zeros and
 * must stay finite, since filters multiply it with zeros: so no logarithm, division or exponential.
 */
export const POINTWISE: ReadonlySet<string> = new Set([
  ...['Add', 'Max', 'Min', 'Mul', 'Sub', 'Sum'],
  ...['Abs', 'Ceil', 'Clip', 'Elu', 'Erf', 'Floor', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Neg'],
  ...['Relu', 'Round', 'Sigmoid', 'Sign', 'Softplus', 'Tanh'],
  ...['QuantizeLinear', 'DequantizeLinear'],
]);

/** Pools that onnxruntime has over blocked channels, and the attributes that these know. */
export const BLOCKED_POOLS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['MaxPool', new Set(['auto_pad', 'kernel_shape', 'dilations', 'strides', 'pads', 'ceil_mode'])],
  ['AveragePool', new Set(['auto_pad', 'kernel_shape', 'strides', 'pads', 'ceil_mode', 'count_include_pad'])],
  ['GlobalMaxPool', new Set()],
  ['GlobalAveragePool', new Set()],
]);
