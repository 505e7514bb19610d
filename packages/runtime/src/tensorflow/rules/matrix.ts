import { floatAttribute, intAttribute, sizeOf } from '@unpair/graph';
import type { Device, DeviceTensor } from '../device.js';
import { broadcast, concat, slice, transpose } from '../movement.js';
import type { Inputs, Rule, Rules } from '../rule.js';
import { required, result } from '../rule.js';
import type { Value } from '../value.js';
import { broadcastShape, castTensor, scalar } from './operands.js';

/** alpha·A·B + beta·C, with A and B transposed on demand. */
const gemm: Rule = (context) => {
  const { device, node } = context;
  const [alpha, beta] = [floatAttribute(node, 'alpha', 1), floatAttribute(node, 'beta', 1)];
  const isTransposed = ['transA', 'transB'].map((name) => intAttribute(node, name, 0) !== 0);
  return (inputs) => {
    const [a, b] = [0, 1].map((i) => matrixOf(device, required(inputs, i), isTransposed[i] === true));
    if (a === undefined || b === undefined) throw new TypeError('lacks a matrix');
    const product = scaled(device, multiply(device, a, b), alpha);
    const c = inputs[2];
    const y = c && device.run('Add', { a: product, b: scaled(device, c.tensor(), beta) });
    return result(context, required(inputs, 0).dataType, y ?? product);
  };
};

/** A matrix, transposed if need be: constants once. The kernels are slow on matrices that they transpose themselves. */
function matrixOf(device: Device, value: Value, isTransposed: boolean): DeviceTensor {
  if (!isTransposed) return value.tensor();
  return value.derived('transposed', () => transpose(device, value.tensor(), [1, 0]));
}

function scaled(device: Device, x: DeviceTensor, factor: number): DeviceTensor {
  return factor === 1 ? x : device.run('Multiply', { a: x, b: scalar(device, factor) });
}

/** NumPy's matmul: vectors get a dimension that is dropped again, the dimensions before the last two broadcast. */
const matMul: Rule = (context) => (inputs) => {
  const { device } = context;
  const [a, b] = [required(inputs, 0), required(inputs, 1)];
  const [left, right] = matricesOf(device, inputs);
  const y = multiply(device, castTensor(device, left, 'float32'), castTensor(device, right, 'float32'));
  const rows = a.shape.length === 1 ? y.shape.slice(0, -2) : y.shape.slice(0, -1);
  const columns = b.shape.length === 1 ? [] : y.shape.slice(-1);
  const product = device.reshape(y, [...rows, ...columns]);
  return result(context, a.dataType, castTensor(device, product, left.dtype as 'float32'));
};

function matricesOf(device: Device, inputs: Inputs): readonly [DeviceTensor, DeviceTensor] {
  const [a, b] = [required(inputs, 0).tensor(), required(inputs, 1).tensor()];
  return [
    a.shape.length === 1 ? device.reshape(a, [1, ...a.shape]) : a,
    b.shape.length === 1 ? device.reshape(b, [...b.shape, 1]) : b,
  ];
}

/** [...,M,K] times [...,K,N]. */
export function multiply(device: Device, a: DeviceTensor, b: DeviceTensor): DeviceTensor {
  const [m = 0, k = 0] = a.shape.slice(-2);
  const n = b.shape.at(-1) ?? 0;
  if (sizeOf(b.shape.slice(0, -2)) === 1) {
    // One right-hand side for all: the rows of all matrices are one matrix.
    const rows = sizeOf(a.shape.slice(0, -2));
    const y = product(device, device.reshape(a, [1, rows * m, k]), device.reshape(b, [1, k, n]));
    const outer = a.shape.length >= b.shape.length ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
    return device.reshape(y, [...outer, m, n]);
  }
  const outer = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const count = sizeOf(outer);
  const left = device.reshape(broadcast(device, a, [...outer, m, k]), [count, m, k]);
  const right = device.reshape(broadcast(device, b, [...outer, k, n]), [count, k, n]);
  return device.reshape(
    device.backend === 'wasm' ? oneByOne(device, left, right) : product(device, left, right),
    [...outer, m, n],
  );
}

/** WebAssembly has a fast product of two matrices, and for several only a plain loop. */
function oneByOne(device: Device, a: DeviceTensor, b: DeviceTensor): DeviceTensor {
  const [count = 0, m = 0, k = 0] = a.shape;
  const n = b.shape[2] ?? 0;
  const products = Array.from({ length: count }, (_, index) =>
    product(device, slice(device, a, [index, 0, 0], [1, m, k]), slice(device, b, [index, 0, 0], [1, k, n])),
  );
  return concat(device, products, 0);
}

function product(device: Device, a: DeviceTensor, b: DeviceTensor): DeviceTensor {
  return device.run('BatchMatMul', { a, b }, { transposeA: false, transposeB: false });
}

/** Matrix products. */
export const matrixRules: Rules = { Gemm: gemm, MatMul: matMul };
