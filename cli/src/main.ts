#!/usr/bin/env node
import { EXIT } from './exit-code.js';
import { describeFailure } from './failure.js';
import { buildProgram } from './program.js';
import { readSettings } from './settings.js';
import { processTerminal } from './terminal/process-terminal.js';
import { VERSION } from './version.js';

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // Whoever insists does not want to wait for an orderly end.
    if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
    interrupt.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
  });
}
// A reader that left early (`unpair list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
});

const terminal = processTerminal(process);
const words = process.argv.slice(2);
try {
  const program = await buildProgram(words, {
    ...readSettings(process.env),
    environment: process.env,
    version: VERSION,
    terminal,
    signal: interrupt.signal,
  });
  await program.parseAsync(words, { from: 'user' });
} catch (error) {
  const { exitCode, lines } = await describeFailure(error);
  for (const line of lines) terminal.note(line);
  process.exitCode = exitCode;
}
