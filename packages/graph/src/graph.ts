import { UnpairError } from '@unpair/errors';
import type { DataType, Tensor } from './tensor.js';

/** A dimension: a size, or the name of a size that is known only when the graph runs (the batch, `N`). */
export type Dim = number | string;

/** Element type and shape of a value. */
export interface ValueType {
  readonly dataType: DataType;
  readonly shape: readonly Dim[];
}

/** A graph's input or output. */
export interface ValueInfo extends ValueType {
  readonly name: string;
}

/** A 64-bit integer: a number where that is exact, a bigint beyond ±(2^53 - 1). */
export type Integer = number | bigint;

/** An ONNX attribute. The kind is part of the wire format, so it is part of the value. */
export type Attribute =
  | { readonly kind: 'int'; readonly value: Integer }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly Integer[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly value: Tensor };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation. An empty string among the inputs stands for an optional input that is absent. */
export interface Node {
  readonly op: string;
  /** ONNX operator domain; empty for the default one. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/**
 * A model as a value: nodes in topological order over named values, each assigned once.
 * Never mutated; every transform returns a new graph that shares what did not change.
 */
export interface Graph {
  readonly name: string;
  /** Version of the default ONNX operator set. */
  readonly opset: number;
  /** Values fed at run time (initializers are not among them). */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Constants: weights, shapes, axes. */
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly Node[];
}

export const int = (value: Integer): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const string = (value: string): Attribute => ({ kind: 'string', value });
export const ints = (value: readonly Integer[]): Attribute => ({ kind: 'ints', value });
export const floats = (value: readonly number[]): Attribute => ({ kind: 'floats', value });

/** Longest message of a {@link ModelError}: names in a hostile file may be as long as the file. */
const LONGEST_MESSAGE = 1000;

/**
 * A model that cannot be read, understood or differentiated. The message is one sentence for the user; control
 * characters in the file's names are escaped, so that they do not reach terminals and logs.
 */
export class ModelError extends UnpairError {
  override readonly name = 'ModelError';

  constructor(message: string, options?: ErrorOptions) {
    const cut = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE - 1)}…` : message;
    super(
      'INVALID_ARGUMENT',
      cut.replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
      options,
    );
  }
}
