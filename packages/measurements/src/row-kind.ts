/** How the values of a column are kept: 32-bit and 64-bit integers, doubles, truth, and text. */
export type ColumnType = 'int32' | 'int64' | 'double' | 'boolean' | 'text';

/** One column of a kind's rows: a field of the row, of the wire's message, and of tables and exports. */
export interface Column {
  readonly type: ColumnType;
  /** What it holds, as docs/exports.md says it. */
  readonly description: string;
  /** Its name in tables, where that is not the field's in snake case. */
  readonly column?: string;
  /** False for a column that came later than results which are to keep their digest. Default true. */
  readonly digested?: boolean;
}

/** One part of what tells a kind's groups of rows apart: text, of `values` where there are such. */
export interface KeyPart {
  readonly description: string;
  readonly values?: readonly string[];
  /** Where it is an identity alone, what that stands for, by the columns that exports spell it out in. */
  readonly spelledOut?: Readonly<Record<string, string>>;
}

/**
 * One kind of rows that a campaign measures. Digests, the store's tables, exports, their documentation and the names of
 * tasks are folds over the list of kinds; docs/adding-a-measurement.md says what else a new one needs.
 */
export interface RowKind {
  /** Its name in plans, on the wire, and at the head of its groups' keys in the digest. */
  readonly name: string;
  /** The table that its rows are stored in and exported from. */
  readonly table: string;
  /** What people call it: `similarity` of two models. */
  readonly noun: string;
  /** Where the report has what its rows come to. */
  readonly reportedAs: string;
  /** What tells its groups of rows apart, in the order of tables. */
  readonly key: Readonly<Record<string, KeyPart>>;
  /** The order of the key in the digest, where it is not that of tables. */
  readonly digestedKey?: readonly string[];
  /**
   * Parts of the key that name models: one, which its task has in a field of that name, or the members of an ensemble,
   * which its task has in a list, `surrogates` for `surrogate`.
   */
  readonly models: Readonly<Record<string, 'model' | 'ensemble'>>;
  /** Columns by the row's fields, in their order in tables and in the digest; each row begins with its `sample`. */
  readonly columns: Readonly<Record<string, Column>>;
}

interface Values {
  readonly int32: number;
  readonly int64: number;
  readonly double: number;
  readonly boolean: boolean;
  readonly text: string;
}

/** A row of any kind; `sample` is its position in the data set. */
export type AnyRow = Readonly<Record<string, number | boolean | string>> & { readonly sample: number };

/** A row of a kind. */
export type RowOf<K extends RowKind> = { readonly sample: number } & {
  readonly [Field in keyof K['columns']]: Values[K['columns'][Field]['type']];
};

/** What names one group of a kind's rows. */
export type KeyOf<K extends RowKind> = {
  readonly [Part in keyof K['key']]: K['key'][Part] extends {
    readonly values: readonly (infer Value extends string)[];
  }
    ? Value
    : string;
};

/** Columns that hold rows of a type which is declared elsewhere. */
export type ColumnsOf<Row> = {
  readonly [Field in Exclude<keyof Row, 'sample'>]: Column & { readonly type: TypesOf<Row[Field]> };
};

type TypesOf<Value> = { [Type in ColumnType]: Value extends Values[Type] ? Type : never }[ColumnType];

/** A kind of rows, typed by its own columns and key. */
export function defineRowKind<const K extends RowKind>(kind: K): K {
  return kind;
}

/** A column with its names filled in. */
export interface NamedColumn extends Column {
  /** Of the row and the wire's message. */
  readonly field: string;
  readonly column: string;
}

/** Columns by kind: they are asked for with every group of rows. */
const named = new WeakMap<RowKind, readonly NamedColumn[]>();

/** A kind's columns, in their order. */
export function columnsOf(kind: RowKind): readonly NamedColumn[] {
  const known = named.get(kind) ?? namedColumns(kind);
  named.set(kind, known);
  return known;
}

function namedColumns({ columns }: RowKind): readonly NamedColumn[] {
  return Object.entries(columns).map(([field, column]) => ({
    column: field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    ...column,
    field,
  }));
}

/** Identity of a group of rows, the same for all shards of it. */
export function groupKey(kind: RowKind, key: Readonly<Record<string, unknown>>): string {
  const parts = kind.digestedKey ?? Object.keys(kind.key);
  return [kind.name, ...parts.map((part) => String(key[part]))].join(' ');
}
