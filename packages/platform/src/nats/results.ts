import {
  encodeResult,
  encodeWasted,
  queriesOf,
  resultsStream,
  resultSubject,
  wastedSubject,
  type ResultAddress,
  type TaskResult,
} from '@unpair/protocol';
import type { NatsConnection, StoredMsg } from 'nats';
import { randomUUID } from 'node:crypto';
import { fromNats, isNotFound } from './errors.js';
import { publish, sizeProblem } from './publish.js';
import { managementTimeout } from './topology.js';

/** `refused`: another attempt's result, or a dead letter, was there first. */
export type Verdict = 'accepted' | 'refused';

/**
 * Writes the one result of a task. The first write wins: acknowledgements are no fence, because those of an expired
 * lease still count. A refused attempt is accounted for as wasted.
 * @throws UnpairError FAILED_PRECONDITION where the result is larger than any message may be
 */
export async function publishResult(
  connection: NatsConnection,
  result: TaskResult,
  signal?: AbortSignal,
): Promise<Verdict> {
  const js = connection.jetstream();
  const subject = resultSubject(result);
  const messageId = randomUUID();
  const options = { messageId, onlyFirst: true, ...(signal !== undefined && { signal }) };
  const data = encodeResult(result);
  const problem = sizeProblem(connection, `result of task ${result.index}`, data);
  if (problem !== undefined) throw problem;
  const { outcome } = await publish(js, subject, data, options);
  if (outcome === 'stored' || (await storedId(connection, subject)) === messageId) return 'accepted';
  const { campaignId, index, generation, worker } = result;
  const wasted = encodeWasted({
    campaignId,
    index,
    generation,
    worker,
    queries: queriesOf(result),
    error: '',
  });
  await publish(js, wastedSubject(campaignId), wasted, {
    ...options,
    onlyFirst: false,
    messageId: randomUUID(),
  });
  return 'refused';
}

/** Whether a task has a result, or was given up, in this round. @throws UnpairError UNAVAILABLE where the broker does not answer */
export async function hasResult(connection: NatsConnection, address: ResultAddress): Promise<boolean> {
  try {
    await newest(connection, resultSubject(address));
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw fromNats('look up a result', error);
  }
}

/** After an outage longer than the duplicate window, our own first try is what refuses the second one. */
async function storedId(connection: NatsConnection, subject: string): Promise<string | undefined> {
  return (await newest(connection, subject)).header.get('Nats-Msg-Id');
}

async function newest(connection: NatsConnection, subject: string): Promise<StoredMsg> {
  const manager = await connection.jetstreamManager({ timeout: managementTimeout });
  return manager.streams.getMessage(resultsStream, { last_by_subj: subject });
}
