/** Lets any number of readers wait for the next change, without a queue for any of them. */
export class ChangeSignal {
  #waiters = new Set<() => void>();

  /** Wakes everyone who waits now. */
  notify(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const wake of waiters) wake();
  }

  /** Resolves at the next change; rejects when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiters.delete(wake);
        reject(signal.reason as Error);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      if (signal.aborted) abort();
      else {
        this.#waiters.add(wake);
        signal.addEventListener('abort', abort, { once: true });
      }
    });
  }
}
