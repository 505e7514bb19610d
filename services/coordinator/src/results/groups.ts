import type { RowKind } from '@unpair/measurements';
import type { Database } from './database.js';
import type { RowWriter } from './row-writer.js';
import { partNames } from './schema.js';

/**
 * Numbers of the groups of rows: each row has the number alone, so that a row of ten values is not written with
 * names of a hundred letters, and a group is found without comparing them.
 */
export class Groups {
  readonly #ids = new Map<string, number>();
  #next = 0;

  /** Those that a database has. */
  static async load(database: Database): Promise<Groups> {
    const groups = new Groups();
    for (const { id, kind, campaign, ...names } of await database.rows('SELECT * FROM groups')) {
      const key = partNames.map((name) => names[name] ?? null).filter((name) => name !== null);
      groups.#ids.set(identity(String(kind), String(campaign), key), Number(id));
      groups.#next = Math.max(groups.#next, Number(id) + 1);
    }
    return groups;
  }

  /** The number of a group; undefined where it has no rows. */
  find(kind: RowKind, campaign: string, key: readonly string[]): number | undefined {
    return this.#ids.get(identity(kind.name, campaign, key));
  }

  /** The number of a group; a new one is written with the rows. */
  enter(kind: RowKind, campaign: string, key: readonly string[], writer: RowWriter): number {
    const name = identity(kind.name, campaign, key);
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#next++;
    this.#ids.set(name, id);
    const padded = partNames.map((_, at) => key[at] ?? null);
    writer.add('groups', id, kind.name, campaign, ...padded);
    return id;
  }

  /** Forgets those of a campaign. */
  forget(campaign: string): void {
    for (const name of this.#ids.keys())
      if ((JSON.parse(name) as readonly unknown[])[1] === campaign) this.#ids.delete(name);
  }
}

function identity(kind: string, campaign: string, key: readonly unknown[]): string {
  return JSON.stringify([kind, campaign, ...key]);
}
