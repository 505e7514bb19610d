import type { Answer } from '@unpair/measurements';
import { AnswerTally } from '@unpair/measurements';
import type { Campaign } from './campaign.js';
import { isSibling } from './campaign.js';
import { isDerived } from './derivation.js';
import type { Plan } from './plan.js';

/**
 * What stands before a campaign's work: the models that come from files are shown to classify before anything is made of
 * them, compared with them or attacked through them. Of a model whose preprocessing is wrong, which answers by chance,
 * all of that says nothing, and says it with small intervals. An attacker's copy may know as little as it
 * likes; `allow: [near-chance]` leaves the gate open.
 */
export class AccuracyGate {
  /** Tasks that measure those models, ascending: what is to be done before all else. */
  readonly tasks: readonly number[];
  readonly #tallies: ReadonlyMap<string, AnswerTally>;
  readonly #left: Set<number>;

  constructor(campaign: Campaign, plan: Plan) {
    this.#tallies = new Map(judgedModels(campaign).map((model) => [model, new AnswerTally()]));
    const shards = Math.ceil(campaign.dataset.samples / campaign.shardSize);
    this.tasks = accuracyTasks(plan, this.#tallies, this.#tallies.size * shards);
    this.#left = new Set(this.tasks);
  }

  /** Takes in answers of a model, each once, before the end of their task. */
  count(model: string, answers: Iterable<Answer>): void {
    const tally = this.#tallies.get(model);
    if (tally !== undefined) for (const answer of answers) tally.add(answer);
  }

  /**
   * Takes in that a task has ended, with a result or without.
   * @returns once the last of {@link tasks} has, a sentence for each model that answers by chance
   */
  end(task: number): readonly string[] | undefined {
    if (!this.#left.delete(task) || this.#left.size > 0) return undefined;
    return [...this.#tallies].flatMap(([model, tally]) => {
      const problem = tally.nearChance();
      return problem === undefined ? [] : [`${model} ${problem}, or say allow: [near-chance]`];
    });
  }
}

function judgedModels({ allow, models }: Campaign): readonly string[] {
  if (allow.includes('near-chance')) return [];
  return [...models].flatMap(([name, entry]) => {
    const isAttackers = isSibling(entry) && entry.maker === 'attacker';
    return isDerived(entry) || isAttackers ? [] : [name];
  });
}

/** The first tasks of a plan that measure the accuracy of these models, so many. */
function accuracyTasks(plan: Plan, models: { has(name: string): boolean }, count: number): readonly number[] {
  const tasks: number[] = [];
  for (let index = 0; index < plan.size && tasks.length < count; index++) {
    const task = plan.task(index);
    if (task.kind === 'accuracy' && models.has(task.model)) tasks.push(index);
  }
  return tasks;
}
