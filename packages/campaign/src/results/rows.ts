import { ROW_KINDS } from '@unpair/measurements';
import type { KeyOf, ListedKind, RowKind, RowOf } from '@unpair/measurements';

type GroupOf<K extends RowKind> = KeyOf<K> & {
  readonly kind: K['name'];
  readonly rows: readonly RowOf<K>[];
};
type GroupsOf<K extends RowKind> = K extends RowKind ? GroupOf<K> : never;

/** Rows of one kind that belong together: of one model, of one pair of models, or of one cell. */
export type RowGroup = GroupsOf<ListedKind>;

const kinds: ReadonlyMap<string, RowKind> = new Map(ROW_KINDS.map((kind) => [kind.name, kind]));

/**
 * The kind of rows of a name.
 * @throws {RangeError} where there is none
 */
export function rowKind(name: string): RowKind {
  const kind = kinds.get(name);
  if (kind === undefined) throw new RangeError(`no kind of rows is called "${name}"`);
  return kind;
}
