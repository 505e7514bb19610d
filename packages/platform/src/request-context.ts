import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** Metadata of a call that names it: a client's own name for it, or one that the server gives. */
export const requestIdKey = 'x-request-id';

const calls = new AsyncLocalStorage<string>();

/** What is done in here belongs to a call: every line that is logged meanwhile says to which. */
export function withinRequest<T>(requestId: string, work: () => T): T {
  return calls.run(requestId, work);
}

/** The call that this is done for; undefined outside of calls. */
export function presentRequest(): string | undefined {
  return calls.getStore();
}

/** A client's name for a call, where it can stand in a log; a fresh one otherwise. */
export function requestIdFrom(given: unknown): string {
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}
