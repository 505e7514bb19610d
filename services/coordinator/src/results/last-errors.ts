import type { TaskAddress, WastedAttempt } from '@unpair/protocol';
import type { Database } from './database.js';

/**
 * Why the last attempt at each task failed that has no result yet. The worker that gives a task up may know nothing of it, since the
 * last attempts killed those that did.
 */
export class LastErrors {
  readonly #errors = new Map<string, Map<number, string>>();

  /** Those that a database holds. */
  static async load(database: Database): Promise<LastErrors> {
    const last = new LastErrors();
    const sql = `SELECT campaign, task, error FROM wasted WHERE error <> '' AND NOT EXISTS
      (FROM tasks WHERE tasks.campaign = wasted.campaign AND tasks.task = wasted.task)`;
    for (const { campaign, task, error } of await database.rows(sql))
      last.note({ campaignId: String(campaign), index: Number(task), error: String(error) });
    return last;
  }

  note({ campaignId, index, error }: TaskAddress & Pick<WastedAttempt, 'error'>): void {
    if (error === '') return;
    const errors = this.#errors.get(campaignId) ?? new Map<number, string>();
    this.#errors.set(campaignId, errors.set(index, error));
  }

  /** Empty where no attempt told of one. */
  of({ campaignId, index }: TaskAddress): string {
    return this.#errors.get(campaignId)?.get(index) ?? '';
  }

  /** The task has its result. */
  settle({ campaignId, index }: TaskAddress): void {
    this.#errors.get(campaignId)?.delete(index);
  }

  /** Forgets a campaign. */
  forget(campaignId: string): void {
    this.#errors.delete(campaignId);
  }
}
