import { decodeTask } from '@unpair/protocol';
import type { ToCompute } from '../../src/compute/messages.js';

/** A compute process that task 13 kills, as a defect of native code would: before it can say anything. */
process.on('message', (message) => {
  const received = message as ToCompute;
  if (received.kind !== 'request' || received.request.kind !== 'execute') return;
  if (decodeTask(received.request.task).index === 13) process.kill(process.pid, 'SIGKILL');
});

await import('../../src/compute/main.js');
