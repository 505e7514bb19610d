import type { Handlers } from '@unpair/platform';
import type { DescribeResponse, WorkerServiceServer } from '@unpair/protocol';

export interface WorkerServiceOptions {
  readonly handlers: Handlers;
  readonly describe: () => DescribeResponse;
  /** Starts to leave; the process ends once the task in hand is settled. */
  readonly drain: () => void;
}

/** What operators use to look at one worker and to take it out of service. */
export function workerService({ handlers, describe, drain }: WorkerServiceOptions): WorkerServiceServer {
  return {
    describe: handlers.unary(() => Promise.resolve(describe())),
    drain: handlers.unary(() => {
      drain();
      return Promise.resolve({});
    }),
  };
}
