import { once } from 'node:events';

import { progressBar, progressLines } from './progress.js';
import type { Terminal } from './terminal.js';

/** The terminal of a process: a bar where standard error is one, plain lines otherwise. */
export function processTerminal({ stdout, stderr }: NodeJS.Process): Terminal {
  return {
    isInteractive: stdout.isTTY,
    print: (text) => {
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      stderr.write(`${text}\n`);
    },
    async write(bytes) {
      if (!stdout.write(bytes)) await once(stdout, 'drain');
    },
    progress: () =>
      stderr.isTTY ? progressBar(stderr) : progressLines(stderr, { now: () => performance.now() }),
  };
}
