import { UnpairError } from '@unpair/errors';
import { createLogger, helpAsked, Lifecycle, settingProblems, systemClock } from '@unpair/platform';
import { readFileSync } from 'node:fs';
import { readConfiguration, settings, type Configuration } from './configuration.js';
import { startService } from './service.js';

/** Beyond the notice: calls that finish, rows that are written. */
const stopDeadline = 20_000;

async function main(): Promise<void> {
  const configuration = configurationOrExit();
  const clock = systemClock;
  const logger = createLogger({ service: 'coordinator', level: configuration.logLevel });
  const deadline = configuration.drainNoticeSeconds * 1_000 + stopDeadline;
  const lifecycle = new Lifecycle({ logger, clock, deadline });
  lifecycle.listen(process, (code) => process.exit(code));
  // Started by the local mode of the command line: end with it.
  process.once('disconnect', () => {
    void lifecycle.stop().then(() => process.exit(0));
  });
  const versions = { unpair: ownVersion(), node: process.versions.node };
  const onStandby = (addresses: object): void => {
    process.send?.({ type: 'standby', ...addresses });
  };
  const service = await startService({ configuration, lifecycle, versions, clock, logger, onStandby });
  service.finished.catch((error: unknown) => {
    logger.fatal({ error }, UnpairError.from(error).message);
    void lifecycle.stop().then(() => process.exit(1));
  });
  const { grpc, metrics } = service;
  logger.info({ grpc, metrics }, 'ready');
  process.send?.({ type: 'ready', grpc, metrics });
}

function configurationOrExit(): Configuration {
  try {
    const help = helpAsked(process.argv.slice(2), { name: 'unpair coordinator', settings });
    if (help === undefined) return readConfiguration(process.env);
    process.stdout.write(`${help}\n`);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${settingProblems(error)}\n`);
    process.exit(2);
  }
}

function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

main().catch((error: unknown) => {
  const { code, message } = UnpairError.from(error);
  if (code === 'CANCELLED') return;
  process.stderr.write(`unpair coordinator: ${message}\n`);
  process.exit(1);
});
