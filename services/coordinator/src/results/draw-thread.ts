import { DRAWS, type DrawName } from '@unpair/campaign';
import { parentPort } from 'node:worker_threads';
import type { DrawAnswer, DrawRequest } from './draw-threads.js';

/** Computes parts of reports on its own thread, one after the other. */
parentPort?.on('message', ({ id, name, input }: DrawRequest) => {
  parentPort?.postMessage(answerTo(id, name, input));
});

function answerTo(id: number, name: DrawName, input: unknown): DrawAnswer {
  try {
    const draw = DRAWS[name] as (given: unknown) => unknown;
    return { id, value: draw(input) };
  } catch (error) {
    return { id, error };
  }
}
