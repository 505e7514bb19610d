import type { SavedModel } from './tensorflow.js';
import { modelFiles } from './tensorflow.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Attributes as the converter writes protobuf's JSON: 64-bit numbers are text, texts are base64. */
export const attr = {
  s: (text: string): object => ({ s: base64(text) }),
  f: (value: number): object => ({ f: value }),
  i: (value: number): object => ({ i: String(value) }),
  b: (value: boolean): object => ({ b: value }),
  ints: (...values: readonly number[]): object => ({ list: { i: values.map(String) } }),
  texts: (...values: readonly string[]): object => ({ list: { s: values.map(base64) } }),
};

/** Writes a GraphDef node by node, with its constants as weights. */
export class GraphDef {
  readonly #nodes: object[] = [];
  readonly #weights: object[] = [];
  readonly #bytes: number[] = [];

  placeholder(name: string, shape: readonly number[]): string {
    const dim = shape.map((size) => ({ size: String(size) }));
    return this.node(name, 'Placeholder', [], { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } });
  }

  constant(name: string, shape: readonly number[], values: Iterable<number>): string {
    return this.#constant(name, 'float32', shape, Float32Array.from(values));
  }

  integers(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(name, 'int32', shape, Int32Array.from(values));
  }

  node(name: string, op: string, input: readonly string[], attributes: object = {}): string {
    this.#nodes.push({ name, op, input, attr: { T: { type: 'DT_FLOAT' }, ...attributes } });
    return name;
  }

  /** The model whose output is `output`. */
  save(output: string, shardBytes?: number): SavedModel {
    const topology = { node: this.#nodes, library: {}, versions: { producer: 440 } };
    const files = modelFiles(topology, this.#weights, Uint8Array.from(this.#bytes), shardBytes);
    const signature = { outputs: { output_0: { name: `${output}:0` } } };
    return { ...files, json: { ...files.json, format: 'graph-model', signature } };
  }

  #constant(
    name: string,
    dtype: 'float32' | 'int32',
    shape: readonly number[],
    data: Float32Array | Int32Array,
  ): string {
    this.#weights.push({ name, shape, dtype });
    this.#bytes.push(...new Uint8Array(data.buffer));
    const type = { type: dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32' };
    this.#nodes.push({ name, op: 'Const', input: [], attr: { dtype: type } });
    return name;
  }
}
