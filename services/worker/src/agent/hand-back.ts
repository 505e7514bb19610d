import { publish } from '@unpair/platform';
import { taskMessageId, type Task } from '@unpair/protocol';
import type { JsMsg, NatsConnection } from 'nats';

/** Milliseconds to try for: who asked the worker to leave does not wait long. */
const patience = 1_000;

/**
 * Puts a task back into the queue because its worker leaves. A message that is merely refused comes back with its count of
 * deliveries, so that five pre-emptions would write a sound task off; so a fresh one takes its place. It is refused where
 * the task is no longer queued, since its campaign was cancelled, or was queued anew; should this worker end in
 * between, both come, and the second result is refused as ever.
 */
export async function handBack(connection: NatsConnection, message: JsMsg, task: Task): Promise<void> {
  const sequence = message.seq;
  const messageId = `${taskMessageId(task)}/after/${sequence}`;
  try {
    const options = { messageId, onlyAfter: sequence, patience };
    await publish(connection.jetstream(), message.subject, message.data, options);
    await message.ackAck();
  } catch {
    // The broker does not answer or has no space: at the cost of a delivery, as a failure would.
    message.nak();
  }
}
