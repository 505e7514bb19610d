import { publish, type Delivery, type NatsConnection } from '@unpair/platform';
import { taskMessageId, type Task } from '@unpair/protocol';

/** Milliseconds to try for: who asked the worker to leave does not wait long. */
const patience = 1_000;

/**
 * Puts a task back into the queue because its worker leaves. A message that is merely refused comes back with its count of
 * deliveries, so that a sound task would be given up after five pre-emptions; so a fresh one takes its place. It is refused where
 * the task is no longer queued, since its campaign was cancelled, or was queued anew; should this worker end in
 * between, both come, and the second result is refused as ever.
 */
export async function handBack(connection: NatsConnection, delivery: Delivery, task: Task): Promise<void> {
  const { sequence, subject, data } = delivery;
  const messageId = `${taskMessageId(task)}/after/${sequence}`;
  try {
    const options = { messageId, onlyAfter: sequence, patience };
    await publish(connection.jetstream(), subject, data, options);
    if (!(await delivery.done())) delivery.retry();
  } catch {
    // The broker does not answer or has no space: at the cost of a delivery, as a failure would.
    delivery.retry();
  }
}
