import { ModelError } from '@unpair/graph';

import { Table } from './flatbuffer.js';
import { operatorName } from './operator-names.js';

/** The one version of the schema that files of the last years have. */
const SCHEMA_VERSION = 3;

/** More dimensions than TFLite's own kernels take. */
const MOST_DIMENSIONS = 8;

/** real = scale·(q − zero point), one for the tensor or one for each index along `axis`. */
export interface Quantization {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
}

/** A value of the file: a constant where it has data, computed or fed otherwise. */
export interface FileTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** The shape with −1 where a size is open; empty where none is. */
  readonly signature: readonly number[];
  readonly data: Uint8Array | undefined;
  readonly quantization: Quantization | undefined;
  readonly isSparse: boolean;
}

export interface FileOperator {
  /** As the schema spells it, `CONV_2D`, or `custom operator "NAME"`. */
  readonly op: string;
  /** Indices of tensors; −1 for an optional input that is absent. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Table | undefined;
}

/** What a TFLite file says, its indices checked. */
export interface TfliteModel {
  /** Bytes of the file. */
  readonly size: number;
  readonly name: string;
  readonly tensors: readonly FileTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly FileOperator[];
}

/**
 * Field numbers of the schema's tables, in the order in which schema.fbs declares them (a union takes two): tensorflow/lite/schema/schema.fbs
 * in github.com/tensorflow/tensorflow, version 3b and later.
 */
const MODEL = { version: 0, operatorCodes: 1, subgraphs: 2, description: 3, buffers: 4 } as const;
const OPERATOR_CODE = { oldCode: 0, customCode: 1, code: 3 } as const;
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 } as const;
const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  isVariable: 5,
  sparsity: 6,
  signature: 7,
} as const;
const QUANTIZATION = { scales: 2, zeroPoints: 3, details: 5, axis: 6 } as const;
const OPERATOR = { opcode: 0, inputs: 1, outputs: 2, options: 4 } as const;
const BUFFER = { data: 0, offset: 1 } as const;

/** `TensorType` of the schema. */
const TENSOR_TYPES: readonly string[] = [
  ...[
    'float32',
    'float16',
    'int32',
    'uint8',
    'int64',
    'string',
    'bool',
    'int16',
    'complex64',
    'int8',
    'float64',
  ],
  ...['complex128', 'uint64', 'resource', 'variant', 'uint32', 'uint16', 'int4', 'bfloat16', 'int2'],
];

/**
 * Reads the main subgraph of a TFLite file.
 * @throws {ModelError} naming the part of the file that is damaged or not understood.
 */
export function readTfliteModel(bytes: Uint8Array): TfliteModel {
  const model = Table.root(bytes, 'the model');
  const version = model.uint32(MODEL.version);
  if (version !== SCHEMA_VERSION) {
    throw new ModelError(`the TFLite file has schema version ${version}, which is not ${SCHEMA_VERSION}`);
  }
  const [main] = model.tables(MODEL.subgraphs, (i) => `subgraph ${i}`);
  if (main === undefined) throw new ModelError('the TFLite file holds no subgraph');
  const buffers = model.tables(MODEL.buffers, (i) => `buffer ${i}`).map((buffer, i) => readBuffer(buffer, i));
  const codes = model.tables(MODEL.operatorCodes, (i) => `operator code ${i}`).map(readOperatorCode);
  const tensors = main
    .tables(SUBGRAPH.tensors, (i) => `tensor ${i}`)
    .map((tensor, i) => readTensor(tensor, i, buffers));
  const indices = (table: Table, field: number, what: string, optional = false): readonly number[] => {
    const list = table.ints(field, what);
    const wrong = list.find((index) => index >= tensors.length || index < (optional ? -1 : 0));
    if (wrong !== undefined) {
      throw new ModelError(
        `${what} of the TFLite file name tensor ${wrong}, but there are ${tensors.length}`,
      );
    }
    return list;
  };
  return {
    size: bytes.length,
    name: main.string(SUBGRAPH.name, "the subgraph's name") || 'main',
    tensors,
    inputs: indices(main, SUBGRAPH.inputs, "the model's inputs"),
    outputs: indices(main, SUBGRAPH.outputs, "the model's outputs"),
    operators: main
      .tables(SUBGRAPH.operators, (i) => `operator ${i}`)
      .map((table, i) => ({
        op: codeAt(codes, table.uint32(OPERATOR.opcode), i),
        inputs: indices(table, OPERATOR.inputs, `the inputs of operator ${i}`, true),
        outputs: indices(table, OPERATOR.outputs, `the outputs of operator ${i}`),
        options: table.table(OPERATOR.options, `the options of operator ${i}`),
      })),
  };
}

function codeAt(codes: readonly string[], index: number, operator: number): string {
  const code = codes[index];
  if (code !== undefined) return code;
  throw new ModelError(
    `operator ${operator} of the TFLite file has operator code ${index}, but there are ${codes.length}`,
  );
}

/** Codes above 127 did not fit the first field for them; newer files write both. */
function readOperatorCode(table: Table): string {
  const name = operatorName(Math.max(table.int8(OPERATOR_CODE.oldCode), table.int32(OPERATOR_CODE.code)));
  return name === 'CUSTOM'
    ? `custom operator "${table.string(OPERATOR_CODE.customCode, 'a custom operator')}"`
    : name;
}

/** `undefined` for an empty buffer, which values share that the file does not hold. */
function readBuffer(table: Table, index: number): Uint8Array | undefined {
  if (table.has(BUFFER.offset)) {
    throw new ModelError(
      `buffer ${index} of the TFLite file lies behind its flatbuffer, which is not supported`,
    );
  }
  const data = table.bytes(BUFFER.data, `buffer ${index}`);
  return data.length === 0 ? undefined : data;
}

function readTensor(table: Table, index: number, buffers: readonly (Uint8Array | undefined)[]): FileTensor {
  const what = `tensor ${index}`;
  const code = table.int8(TENSOR.type);
  const type = TENSOR_TYPES[code];
  if (type === undefined)
    throw new ModelError(`${what} of the TFLite file has element type ${code}, which is not known`);
  const shape = table.ints(TENSOR.shape, `${what}'s shape`);
  if (shape.length > MOST_DIMENSIONS || shape.some((dim) => dim < 1)) {
    throw new ModelError(
      `${what} of the TFLite file has shape [${shape.join(', ')}], allowed are up to ${MOST_DIMENSIONS} sizes of at least 1`,
    );
  }
  const buffer = table.uint32(TENSOR.buffer);
  if (buffer >= Math.max(1, buffers.length)) {
    throw new ModelError(`${what} of the TFLite file has buffer ${buffer}, but there are ${buffers.length}`);
  }
  return {
    name: table.string(TENSOR.name, `${what}'s name`),
    type,
    shape,
    signature: table.ints(TENSOR.signature, `${what}'s shape signature`),
    data: buffers[buffer],
    quantization: readQuantization(table.table(TENSOR.quantization, `${what}'s quantization`), what),
    isSparse: table.has(TENSOR.sparsity),
  };
}

/** Files that were once quantized while training keep ranges for the converter: without scales they mean nothing. */
function readQuantization(table: Table | undefined, what: string): Quantization | undefined {
  const scales = table?.floats(QUANTIZATION.scales, `${what}'s scales`) ?? [];
  if (table === undefined || scales.length === 0) return undefined;
  const given = table.longs(QUANTIZATION.zeroPoints, `${what}'s zero points`);
  const zeroPoints = given.length === 0 ? scales.map(() => 0) : given;
  const complaint = `${what} of the TFLite file has`;
  if (table.has(QUANTIZATION.details))
    throw new ModelError(`${complaint} a custom quantization, which is not supported`);
  const wrong = scales.find((scale) => !(Number.isFinite(scale) && scale > 0));
  if (wrong !== undefined) throw new ModelError(`${complaint} scale ${wrong}, allowed are positive numbers`);
  if (zeroPoints.length !== scales.length) {
    throw new ModelError(`${complaint} ${scales.length} scales but ${zeroPoints.length} zero points`);
  }
  return { scales, zeroPoints, axis: table.int32(QUANTIZATION.axis) };
}
