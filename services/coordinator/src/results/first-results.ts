import type { TaskAddress } from '@unpair/protocol';
import type { Database } from './database.js';

/** Which tasks have their result: of every task the first one that is done counts, whatever comes after it. */
export class FirstResults {
  readonly #done = new Map<string, Set<number>>();

  /** Those that a database holds. */
  static async load(database: Database): Promise<FirstResults> {
    const first = new FirstResults();
    const sql = "SELECT campaign, task FROM tasks WHERE kind = 'done'";
    for (const { campaign, task } of await database.rows(sql))
      first.add({ campaignId: String(campaign), index: Number(task) });
    return first;
  }

  has({ campaignId, index }: TaskAddress): boolean {
    return this.#done.get(campaignId)?.has(index) ?? false;
  }

  add({ campaignId, index }: TaskAddress): void {
    const done = this.#done.get(campaignId);
    if (done === undefined) this.#done.set(campaignId, new Set([index]));
    else done.add(index);
  }

  /** Forgets a campaign. */
  forget(campaignId: string): void {
    this.#done.delete(campaignId);
  }
}
