import type { ListTasksRequest, ListTasksResponse, TaskStatus } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { meantBy, stateName } from '../campaigns/task-choice.js';
import { taskLabel } from '../campaigns/task-label.js';
import type { NewestResult, ResultStore } from '../results/result-store.js';
import { sizeOf, unknownToken } from './pagination.js';

/** One page of a campaign's tasks; the token is the position after the last one. */
export async function listTasks(
  run: CampaignRun,
  store: ResultStore,
  request: ListTasksRequest,
): Promise<ListTasksResponse> {
  const size = sizeOf(request);
  const { pageToken } = request;
  const from = Number(pageToken);
  if (!/^\d{0,15}$/.test(pageToken)) throw unknownToken(pageToken);
  const indices: number[] = [];
  const isMeant = await meantBy(request.tasks, run, store);
  for (let index = from; index < run.plan.size && indices.length <= size; index++)
    if (isMeant(index)) indices.push(index);
  const shown = indices.slice(0, size);
  const next = indices[size];
  const results = await store.newest(run.id, shown);
  return {
    tasks: shown.map((index) => {
      const lastError = store.lastErrors.of({ campaignId: run.id, index });
      return statusOf(run, index, results.get(index), lastError);
    }),
    nextPageToken: next === undefined ? '' : String(next),
  };
}

function statusOf(
  run: CampaignRun,
  index: number,
  newest: NewestResult | undefined,
  lastError: string,
): TaskStatus {
  const state = run.stateOf(index);
  const released = state === 'inFlight' ? 1 + run.generation(index) : 0;
  return {
    index,
    state: stateName(state),
    label: taskLabel(run.plan.task(index)),
    attempts: released + (newest?.results ?? 0),
    worker: newest?.worker ?? '',
    error: lastError === '' ? (newest?.failure ?? '') : lastError,
    time: newest?.time,
    seconds: newest?.seconds ?? 0,
  };
}
