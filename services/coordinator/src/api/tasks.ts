import { TaskState, type ListTasksRequest, type ListTasksResponse, type TaskStatus } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { taskLabel } from '../campaigns/task-label.js';
import type { TaskState as State } from '../campaigns/task-states.js';
import type { NewestResult, ResultStore } from '../results/result-store.js';
import { sizeOf, unknownToken } from './pagination.js';

/** States of tasks by their names on the wire. */
const states: Partial<Record<TaskState, State>> = {
  [TaskState.PENDING]: 'pending',
  [TaskState.IN_FLIGHT]: 'inFlight',
  [TaskState.DONE]: 'done',
  [TaskState.FAILED]: 'failed',
  [TaskState.DEAD]: 'dead',
  [TaskState.CANCELLED]: 'cancelled',
};

const names = new Map(Object.entries(states).map(([name, state]) => [state, name as TaskState]));

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
  for (const index of run.tasks(states[request.state], from)) {
    indices.push(index);
    if (indices.length > size) break;
  }
  const shown = indices.slice(0, size);
  const next = indices[size];
  const results = await store.newest(run.id, shown);
  return {
    tasks: shown.map((index) => statusOf(run, index, results.get(index))),
    nextPageToken: next === undefined ? '' : String(next),
  };
}

function statusOf(run: CampaignRun, index: number, newest: NewestResult | undefined): TaskStatus {
  const state = run.stateOf(index);
  const released = state === 'inFlight' ? 1 + run.generation(index) : 0;
  return {
    index,
    state: names.get(state) ?? TaskState.UNSPECIFIED,
    label: taskLabel(run.plan.task(index)),
    attempts: released + (newest?.results ?? 0),
    worker: newest?.worker ?? '',
    error: newest?.failure ?? '',
    time: newest?.time,
    seconds: newest?.seconds ?? 0,
  };
}
