import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { ShardJob } from '@unpair/training';
import { ShardComputer } from '@unpair/training';
import { createRuntime } from '@unpair/runtime';
import type { ShardReply, ShardRequest } from './shard-pool.js';

/** Computes shards of training steps on its own thread until it is told to close. */
async function serve(port: MessagePort, job: ShardJob): Promise<void> {
  const runtime = await createRuntime();
  const executable = await runtime.load(job.step.graph);
  const computer = new ShardComputer(job, executable);
  const answer = (reply: ShardReply): void => {
    port.postMessage(reply);
  };
  port.on('message', (request: ShardRequest | 'close') => {
    if (request === 'close') {
      port.close();
      return;
    }
    computer.compute(request, request.shard).then(
      () => {
        answer({ kind: 'done' });
      },
      (error: unknown) => {
        answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
      },
    );
  });
  port.once('close', () => void executable.close());
}

if (parentPort === null) throw new Error('shard-worker runs as a worker thread');
await serve(parentPort, workerData as ShardJob);
