import { parseCampaign, planCampaign } from '@unpair/campaign';
import { decodeTask, encodeTask, type CreateCampaignRequest, type DeriveTask } from '@unpair/protocol';
import { expect, test } from 'vitest';
import { taskMessage } from '../src/campaigns/task-message.js';
import { heldOut, requestFor } from './support/campaign-file.js';

/** The derivations of a request's campaign, by the names of their models, as they arrive. */
function derivationsOf(request: CreateCampaignRequest): ReadonlyMap<string, DeriveTask> {
  const parsed = parseCampaign(request.spec);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  const { campaign: file } = parsed;
  const plan = planCampaign(file);
  const record = { id: 'c-1', request, createTime: undefined, cancelTime: undefined };
  const digests = new Map(Object.entries(request.models));
  const derivations = new Map<string, DeriveTask>();
  for (let index = 0; index < plan.size; index++) {
    const planned = plan.task(index);
    if (planned.kind !== 'derive') continue;
    const message = taskMessage({ planned, generation: 0, record, file, digests });
    const { work } = decodeTask(encodeTask(message));
    if (work?.$case === 'derive') derivations.set(planned.model, work.value);
  }
  return derivations;
}

test('a model that holds test samples out gets the last of those that were uploaded, others none', () => {
  const request = { ...requestFor('held', heldOut.spec), heldOut: heldOut.digest };
  const derivations = derivationsOf(request);
  expect(derivations.get('int8')?.heldOut).toBeUndefined();
  expect(derivations.get('few')?.heldOut).toEqual({ digest: heldOut.digest, first: 70, count: 30 });
  expect(derivations.get('many')?.heldOut).toEqual({ digest: heldOut.digest, first: 0, count: 100 });
  // What is trained on does not depend on it.
  expect(derivations.get('many')?.calibration).toEqual({
    digest: request.calibration,
    first: 0,
    count: 50_000,
  });
});
