#!/usr/bin/env node
import { UnpairError } from '@unpair/errors';
import { createLogger, helpAsked, Lifecycle, settingProblems, systemClock } from '@unpair/platform';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readWorkerConfig, workerSettings as settings, type WorkerConfig } from './config.js';
import { startWorker } from './worker.js';

function configOrExit(): WorkerConfig {
  try {
    const help = helpAsked(process.argv.slice(2), { name: 'unpair worker', settings });
    if (help === undefined) return readWorkerConfig(process.env);
    process.stdout.write(`${help}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${settingProblems(error)}\n`);
    process.exit(2);
  }
}

const config = configOrExit();
const logger = createLogger({ service: 'worker', level: config.logLevel }).child({ worker: config.worker });
const lifecycle = new Lifecycle({ logger, clock: systemClock, deadline: (config.drainSeconds + 20) * 1_000 });
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.on(name, () => {
    // Whoever asks twice means now; the broker gives the task to another worker when the lease ends.
    if (lifecycle.signal.aborted) process.exit(1);
  });
}
lifecycle.listen(process, (exitCode) => process.exit(exitCode));

const packageFile = new URL('../package.json', import.meta.url);
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string };
// Beside this file in the build, and in the sources when those run.
const entry = new URL(`./compute/main${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

// Started by the local mode of the command line: end with it.
process.once('disconnect', () => {
  void lifecycle.stop().then(() => process.exit(0));
});

try {
  const worker = await startWorker({ config, version, program: { entry }, logger, lifecycle });
  process.send?.({ type: 'ready', grpc: worker.grpcAddress, metrics: worker.metricsAddress });
} catch (error) {
  if (!lifecycle.signal.aborted) {
    const { code, message } = UnpairError.from(error);
    logger.fatal({ code, error }, message);
    await lifecycle.stop();
    process.exit(1);
  }
}
