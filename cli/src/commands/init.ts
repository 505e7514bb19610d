import { access, writeFile } from 'node:fs/promises';

import type { Command } from 'commander';
import { UnpairError } from '@unpair/errors';

import type { CommandContext } from '../context.js';
import { assertOutputFile } from '../output-file.js';
import type { FindOptions } from '../submission/find-models.js';
import { findModels, nameOf } from '../submission/find-models.js';
import { campaignOf, newCampaign } from '../submission/new-campaign.js';
import { addDeviceOptions } from './device-options.js';
import { addModelFlags } from './model-options.js';
import { wholeNumber } from './whole-number.js';

interface InitOptions extends FindOptions {
  readonly out?: string;
}

/** `unpair init MODEL [SIBLING]`. */
export function addInitCommand(program: Command, context: CommandContext): void {
  const command = addDeviceOptions(program.command('init'))
    .description(
      'write a campaign file for a model of your own, and for its published sibling if there is one',
    )
    .argument('<model>', 'the private model: an ONNX, TensorFlow Lite or TensorFlow.js file')
    .argument('[sibling]', 'what was published of it (default: an int8 version that the campaign makes)')
    .option('--dataset <name|path>', 'images that it classifies (default: a fetched data set that fits it)')
    .option('--size <n>', 'side to which images from files are resized', wholeNumber(1, 4096))
    .option('--samples <n>', 'samples to attack', wholeNumber(1, 1e9), 200)
    .option('--out <file>', 'where to write it (default: NAME.yaml, after the model)');
  addModelFlags(command).action((model: string, sibling: string | undefined, options: InitOptions) =>
    runInit([model, ...(sibling === undefined ? [] : [sibling])], options, context),
  );
}

async function runInit(
  paths: readonly string[],
  options: InitOptions,
  context: CommandContext,
): Promise<void> {
  const [model = ''] = paths;
  const name = nameOf(model);
  const out = options.out ?? `${name}.yaml`;
  await assertOutputFile('--out', out);
  await assertNew(out);
  const { dataset, models } = await findModels(paths, out, options, context);
  const text = newCampaign({ name, file: out, dataset, models });
  campaignOf(text);
  await writeFile(out, text, { flag: 'wx' });
  context.terminal.print(`${out} is written: read it, then run "unpair plan ${out}" and "unpair run ${out}"`);
}

/** Says at once that nothing is written over, rather than when all has been tried. */
async function assertNew(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new UnpairError(
      'ALREADY_EXISTS',
      `${path} exists already: name another file by --out, or remove it`,
    );
}
