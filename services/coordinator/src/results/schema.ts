import { columnsOf, ROW_KINDS, type ColumnType, type ListedKind, type RowKind } from '@unpair/measurements';
import { createHash } from 'node:crypto';

/** Parts of the longest key. */
const parts = Math.max(...ROW_KINDS.map((kind: RowKind) => Object.keys(kind.key).length));

/** What a group's rows are of, as columns of the table of groups. */
export const partNames: readonly string[] = Array.from({ length: parts }, (_, at) => `part_${at}`);

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  int32: 'INTEGER',
  int64: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  text: 'VARCHAR',
};

/** Everything in these tables comes from the results stream and the campaign records; no keys, for fences are upstream. */
export const createTables = `
  CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR);
  CREATE TABLE IF NOT EXISTS tasks (campaign VARCHAR, task BIGINT, round BIGINT, sequence BIGINT, time_ms BIGINT, kind VARCHAR,
    queries BIGINT, failure VARCHAR, worker VARCHAR, runtime VARCHAR, seconds DOUBLE);
  CREATE TABLE IF NOT EXISTS wasted (campaign VARCHAR, task BIGINT, queries BIGINT, error VARCHAR);
  CREATE TABLE IF NOT EXISTS models (campaign VARCHAR, task BIGINT, model VARCHAR, digest VARCHAR, bytes BIGINT,
    parameters BIGINT, non_zero BIGINT, macs BIGINT, queries BIGINT);
  CREATE TABLE IF NOT EXISTS training (campaign VARCHAR, model VARCHAR, sequence BIGINT, step BIGINT, measure VARCHAR, value DOUBLE);
  CREATE TABLE IF NOT EXISTS cells (campaign VARCHAR, cell VARCHAR, target VARCHAR, surrogate VARCHAR, attack VARCHAR,
    parameters VARCHAR, norm VARCHAR, epsilon DOUBLE);
  CREATE TABLE IF NOT EXISTS groups (id INTEGER, kind VARCHAR, campaign VARCHAR,
    ${partNames.map((name) => `${name} VARCHAR`).join(', ')});
  ${ROW_KINDS.map(createTable).join('\n  ')}
`;

/** A store of another version is rebuilt from the results stream. Raise the number where rows change and no table does. */
export const schemaVersion = `7 ${createHash('sha256').update(createTables).digest('hex')}`;

/** A table of per-sample rows that can be exported. */
export type ExportTable = ListedKind['table'];

/** For each table the query of what a reader gets of it; `:campaign` stands for the campaign's identity, quoted. */
export const exportTables: ReadonlyMap<string, string> = new Map(
  ROW_KINDS.map((kind) => [kind.table, selectForExport(kind)]),
);

/** The table that a kind's rows lie in, each with the number of its group; the kind's own name is a view with the names. */
export function rowTable({ table }: RowKind): string {
  return `${table}_rows`;
}

/** The query of the rows of some groups, in the names and types of the row's fields, by group and sample. */
export function selectRows(kind: RowKind, groups: readonly number[]): string {
  const fields = columnsOf(kind).map(({ field, column, type }) => {
    const value = quoted(column);
    return `${type === 'int64' ? `${value}::DOUBLE` : value} AS ${quoted(field)}`;
  });
  return `SELECT ${['grp', 'sample::DOUBLE AS sample', ...fields].join(', ')}
    FROM ${rowTable(kind)} WHERE grp IN (${groups.join(', ')}) ORDER BY grp, sample`;
}

function createTable(kind: RowKind): string {
  const columns = columnsOf(kind).map(({ column, type }) => `${quoted(column)} ${sqlTypes[type]}`);
  const names = Object.keys(kind.key).map((name, at) => `g.${partNames[at] ?? ''} AS ${quoted(name)}`);
  return `CREATE TABLE IF NOT EXISTS ${rowTable(kind)} (${['grp INTEGER', 'sample BIGINT', ...columns].join(', ')});
  CREATE VIEW IF NOT EXISTS ${kind.table} AS SELECT g.campaign, ${names.join(', ')}, r.* EXCLUDE (grp)
    FROM ${rowTable(kind)} r JOIN groups g ON g.id = r.grp;`;
}

/** An identity comes last and is spelt out from the table `cells`; what is no finite number is null, as JSON has none. */
function selectForExport(kind: RowKind): string {
  const parts = Object.entries(kind.key);
  const plain = parts.filter(([, part]) => part.spelledOut === undefined).map(([name]) => name);
  const cells = parts.filter(([, part]) => part.spelledOut !== undefined).map(([name]) => name);
  const spelledOut = parts.flatMap(([, part]) => Object.keys(part.spelledOut ?? {}));
  const rows = columnsOf(kind).map(({ column, type }) => {
    const value = `r.${quoted(column)}`;
    return type === 'double' ? `CASE WHEN isfinite(${value}) THEN ${value} END AS ${quoted(column)}` : value;
  });
  const columns = [
    ...spelledOut.map((name) => `c.${name}`),
    ...[...plain, 'sample'].map((name) => `r.${name}`),
    ...rows,
    ...cells.map((name) => `r.${name}`),
  ];
  const joins = cells.map((name) => `LEFT JOIN cells c ON c.campaign = r.campaign AND c.${name} = r.${name}`);
  const order = [...parts.map(([name]) => name), 'sample'].map((name) => `r.${name}`);
  return `SELECT ${columns.join(', ')} FROM ${kind.table} r ${joins.join(' ')}
    WHERE r.campaign = :campaign ORDER BY ${order.join(', ')}`;
}

/** A name that may be a word of SQL. */
function quoted(name: string): string {
  return `"${name}"`;
}
