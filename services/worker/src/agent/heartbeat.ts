/** What a lease can be extended on: a JetStream message. */
export interface Leased {
  working(): void;
}

export interface HeartbeatOptions {
  /** Milliseconds between two signs of life: a third of the lease, so that two may be lost. */
  readonly interval: number;
  readonly onBeat: () => void;
}

/** Runs `work` and keeps the lease alive meanwhile, on a timer that nothing of the work can block. */
export async function withHeartbeat<T>(
  message: Leased,
  { interval, onBeat }: HeartbeatOptions,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => {
    message.working();
    onBeat();
  }, interval);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
