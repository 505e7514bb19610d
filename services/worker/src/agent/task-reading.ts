import { UnpairError } from '@unpair/errors';
import type { Delivery } from '@unpair/platform';
import { decodeTask, encodeTask, parseSubject, type ResultAddress, type Task } from '@unpair/protocol';

/** A task that is only known by its subject. */
export type TaskName = ResultAddress & { readonly generation: number };

/** What a worker makes of a message of the queue. */
export type Reading =
  | { readonly kind: 'task'; readonly task: Task }
  /** A task of another version's: it asks for what this worker does not know. */
  | { readonly kind: 'strange'; readonly task: Task; readonly reason: string }
  /** Its subject says which task it was to be, so that it can be given up by name. */
  | { readonly kind: 'damaged'; readonly task: TaskName; readonly reason: string }
  /** No task of any campaign: nothing can be said of it to anyone. */
  | { readonly kind: 'stray'; readonly reason: string };

/** Reads a message of the queue. Where it stands says whose task it is; what it says must agree. */
export function readTask({ subject, data }: Pick<Delivery, 'subject' | 'data'>): Reading {
  const address = parseSubject(subject);
  if (address === undefined) return { kind: 'stray', reason: 'its subject names no task' };
  const task = decoded(data);
  if (task instanceof UnpairError) {
    const reason = `no worker can read it: ${task.message}`;
    return { kind: 'damaged', task: { ...address, generation: 0 }, reason };
  }
  if (task.campaignId !== address.campaignId || task.index !== address.index) {
    return { kind: 'stray', reason: `it says that it is task ${task.index} of "${task.campaignId}"` };
  }
  if (task.work === undefined) return { kind: 'strange', task, reason: 'its kind is not known' };
  // Decoding skips what it does not know, so that a task with more in it comes out shorter.
  if (encodeTask(task).length !== data.length) {
    return { kind: 'strange', task, reason: 'it has fields that are not known' };
  }
  return { kind: 'task', task };
}

function decoded(data: Uint8Array): Task | UnpairError {
  try {
    return decodeTask(data);
  } catch (error) {
    return UnpairError.from(error);
  }
}
