/**
 * Names that coordinator and workers share on NATS. Subjects carry the task's position, so the broker itself can say
 * which tasks are queued and refuse a second result.
 */

/** Work queue: one message for each task in flight, gone once a worker acknowledges it. */
export const tasksStream = 'UNPAIR_TASKS';

/** What came of the tasks: the truth that a restarted coordinator replays. Also holds wasted attempts. */
export const resultsStream = 'UNPAIR_RESULTS';

/** Key-value bucket of campaign records, by campaign id. */
export const campaignsBucket = 'unpair-campaigns';

/** Key-value bucket that says which coordinator leads. */
export const leaderBucket = 'unpair-leader';

/** Object-store bucket of models and sample sets, by SHA-256. */
export const artefactsBucket = 'unpair-artefacts';

/** Object-store bucket of the states of training, by what determines the model that comes of it. */
export const checkpointsBucket = 'unpair-checkpoints';

/** Every task of every queue. */
export const allTasks = 'tasks.*.*.*';
/** Every result of every campaign, of any round. */
export const allResults = 'results.>';
/** Every wasted attempt of every campaign. */
export const allWasted = 'wasted.*';
/** How every task of every campaign that trains comes along. */
export const allTraining = 'training.*.*';

/** A task of one campaign, addressed by its position in the plan. */
export interface TaskAddress {
  readonly campaignId: string;
  readonly index: number;
}

/** One round of a task: a campaign that is resumed, or a task that is tried again after it failed, begins another. */
export interface ResultAddress extends TaskAddress {
  readonly round: number;
}

/** Where one task is queued: `tasks.<queue>.<campaign>.<index>`. */
export function taskSubject(queue: string, { campaignId, index }: TaskAddress): string {
  return `tasks.${queue}.${token(campaignId)}.${index}`;
}

/** All queued tasks of one campaign, or all queues of one of its tasks. */
export function tasksOf(campaignId: string, index?: number): string {
  return `tasks.*.${token(campaignId)}.${index ?? '*'}`;
}

/** The tasks of one queue: what its consumer, which has the queue's name, reads. */
export function tasksIn(queue: string): string {
  return `tasks.${queue}.*.*`;
}

/** The queue of a `tasks.…` subject; empty for any other subject. */
export function queueOf(subject: string): string {
  return /^tasks\.([^.]+)\.[^.]+\.[^.]+$/.exec(subject)?.[1] ?? '';
}

/**
 * Where the one result of a round of a task is written: `results.<campaign>.<index>`, and `.<round>` behind it unless the
 * round is 0.
 */
export function resultSubject({ campaignId, index, round }: ResultAddress): string {
  return `results.${token(campaignId)}.${index}${round === 0 ? '' : `.${round}`}`;
}

/** All results of one campaign, of any round. */
export function resultsOf(campaignId: string): string {
  return `results.${token(campaignId)}.>`;
}

/** Where a task that trains says how it comes along, in passing: `training.<campaign>.<index>`, which no stream keeps. */
export function trainingSubject({ campaignId, index }: TaskAddress): string {
  return `training.${token(campaignId)}.${index}`;
}

/** Where attempts whose result was refused are accounted for: `wasted.<campaign>`. */
export function wastedSubject(campaignId: string): string {
  return `wasted.${token(campaignId)}`;
}

/**
 * The task and round that a `tasks.…`, `results.…` or `training.…` subject addresses, the round 0 where the subject
 * names none; undefined for any other subject. Of every address there is one spelling, since each has its own fence.
 */
export function parseSubject(subject: string): ResultAddress | undefined {
  const match =
    /^(?:tasks\.[A-Za-z0-9_-]+|training|(results))\.([a-z0-9-]+)\.(0|[1-9]\d*)(?:\.([1-9]\d*))?$/.exec(
      subject,
    );
  const [, results, campaignId, index, round] = match ?? [];
  if (campaignId === undefined || (results === undefined && round !== undefined)) return undefined;
  const address = { campaignId, index: Number(index), round: Number(round ?? 0) };
  return Number.isSafeInteger(address.index) && address.round < 2 ** 31 ? address : undefined;
}

/** Message id of one publication of a task: JetStream drops a second one within its duplicate window. */
export function taskMessageId(task: ResultAddress & { readonly generation: number }): string {
  return `${task.campaignId}/${task.index}/${task.round}/${task.generation}`;
}

/** Campaign ids become subject tokens and keys, so nothing else may slip in. */
function token(campaignId: string): string {
  if (!/^[a-z0-9-]+$/.test(campaignId)) {
    throw new TypeError(`Campaign id "${campaignId}" may hold only a-z, 0-9 and "-".`);
  }
  return campaignId;
}
