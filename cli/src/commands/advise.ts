import { access } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';

import type { Report } from '@unpair/campaign';
import type { Command } from 'commander';
import { Option } from 'commander';
import { writeWhole } from '@unpair/files';
import { CampaignState } from '@unpair/protocol';

import { CURES } from '../advise/advice-campaign.js';
import type { AdviceOptions } from '../advise/write-advice.js';
import { writeAdvice } from '../advise/write-advice.js';
import type { CampaignClient } from '../client/campaign-client.js';
import type { CommandContext } from '../context.js';
import { assertOutputFile } from '../output-file.js';
import { writePage } from '../report-file.js';
import type { Run } from '../run/run-campaign.js';
import { assertSucceeded, runHere } from '../run/run-campaign.js';
import { nameOf } from '../submission/find-models.js';
import { prepareSubmission } from '../submission/prepare.js';
import { addDeviceOptions } from './device-options.js';
import { addModelFlags } from './model-options.js';
import { timeSpan } from './time-span.js';
import { wholeNumber } from './whole-number.js';

interface AdviseOptions extends AdviceOptions {
  readonly stranger?: string;
  readonly out?: string;
}

/** `unpair advise MODEL SIBLING`. */
export function addAdviseCommand(program: Command, context: CommandContext): void {
  const command = addDeviceOptions(program.command('advise'))
    .description(
      'what a sibling gives away, a cured one that attackers have tried, and a page for others to read',
    )
    .argument('<model>', 'the private model: an ONNX, TensorFlow Lite or TensorFlow.js file')
    .argument('<sibling>', 'what is published of it, or would be')
    .option(
      '--stranger <file>',
      'a network of the task that was trained on its own: control, and another cure',
    )
    .addOption(
      new Option('--within <time>', 'time that it may take: 90s, 45m, 2h')
        .argParser(timeSpan)
        .default(timeSpan('1h'), '1h'),
    )
    .option('--dataset <name|path>', 'images that they classify (default: a fetched data set that fits)')
    .option('--size <n>', 'side to which images from files are resized', wholeNumber(1, 4096))
    .option('--workers <n>', 'worker processes', wholeNumber(1, 256), availableParallelism())
    .option('--out <dir>', 'folder for campaign, page and cured models (default: advice/NAME)');
  addModelFlags(command).action((model: string, sibling: string, options: AdviseOptions) => {
    const { stranger } = options;
    const paths = [model, sibling, ...(stranger === undefined ? [] : [stranger])];
    return runAdvise(paths, options, context);
  });
}

async function runAdvise(
  paths: readonly string[],
  options: AdviseOptions,
  context: CommandContext,
): Promise<void> {
  const end = Date.now() + options.within * 1_000;
  const { terminal } = context;
  const name = nameOf(paths[0] ?? '');
  const out = resolve(options.out ?? join('advice', name));
  const file = join(out, 'advice.yaml');
  await assertOutputFile('--out', file);
  if (await isThere(file)) terminal.note(`${shown(file)} is there already: its campaign goes on`);
  else await writeAdvice({ file, name: `advice-${name}`.slice(0, 63) }, paths, options, context);
  const submission = await prepareSubmission(file, context);
  const written: string[] = [];
  const [run, clock] = withDeadline(end, {
    ...{ submission, out, scope: undefined, isLocal: true, context },
    onReport: async (client, report) => {
      written.push(...(await saveCures(client, report, out, context)));
      const page = join(out, 'report.html');
      await writePage(page, report);
      written.push(`page: ${shown(page)}`);
    },
  });
  try {
    const campaign = await runHere(run, options);
    for (const line of written) terminal.print(line);
    if (campaign.state !== CampaignState.CANCELLED) assertSucceeded(campaign);
  } finally {
    clock[Symbol.dispose]();
  }
}

/** The same run, whose campaign is cancelled at `end`, milliseconds of the clock: its report has what was done by then. */
function withDeadline(end: number, run: Run): readonly [Run, Disposable] {
  let timer: NodeJS.Timeout | undefined;
  const { signal, terminal } = run.context;
  const stop = async (client: CampaignClient, id: string): Promise<void> => {
    terminal.note('the time is up: what has no result by now is left out');
    await client.cancel(id, signal).catch(() => undefined);
  };
  const onBegin: Run['onBegin'] = (client, { id }) => {
    timer = setTimeout(() => void stop(client, id), Math.max(0, end - Date.now()));
  };
  return [
    { ...run, onBegin },
    {
      [Symbol.dispose]: () => {
        clearTimeout(timer);
      },
    },
  ];
}

/** Writes each cured model that was made to the folder. @returns a line for each */
async function saveCures(
  client: CampaignClient,
  report: Report,
  out: string,
  { signal }: CommandContext,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { id, digest } of report.models) {
    if (digest === null || !CURES.some((name) => name === id)) continue;
    const file = join(out, `${id}.onnx`);
    await writeWhole(file, client.download(digest, signal));
    lines.push(`${id}: ${shown(file)}`);
  }
  return lines;
}

/** A path as it is shortest from here. */
function shown(file: string): string {
  const near = relative('', file);
  return near.startsWith('..') ? file : near;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
