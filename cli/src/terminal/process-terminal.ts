import { once } from 'node:events';

import { page } from './pager.js';
import { progressBar, progressLines } from './progress.js';
import type { Terminal } from './terminal.js';

/** The terminal of a process: a bar where standard error is one, plain lines otherwise. */
export function processTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  const print = (text: string): void => {
    stdout.write(`${text}\n`);
  };
  return {
    isInteractive: stdout.isTTY,
    // A pipe has no columns.
    width: stdout.isTTY ? stdout.columns : 80,
    color: stdout.isTTY && (env['NO_COLOR'] ?? '') === '',
    print,
    async page(text) {
      if (stdout.isTTY) await page(text, env, print);
      else print(text);
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
