import { Command } from 'commander';

import type { CommandContext } from './context.js';
import { chooseTarget } from './commands/server-option.js';

const EXAMPLES = `
Exit codes: 0 done, 1 failed, 2 bad input, 130 interrupted.

Getting started:
  unpair data fetch cifar10                          download and verify CIFAR-10
  unpair run examples/quickstart.yaml --workers 2    a whole campaign on this machine
  unpair model show model.onnx                       what a model is, and whether it can be differentiated

Environment:
  UNPAIR_DATA_DIR   folder of data sets (default: ~/.cache/unpair/data)
  UNPAIR_SERVER     coordinator of all commands on campaigns but run (default: of the current context, or localhost:50051)
  UNPAIR_CONTEXT    cluster of these commands, by its name in "unpair context list"
  UNPAIR_RUNTIME    what executes models of run, eval, check: auto, onnxruntime, tensorflow (default: auto)
  UNPAIR_DEVICE     device of run, eval, check: auto, cpu, cuda, cuda:N, webgpu (default: auto)`;

const LIFE = ['pause', 'resume', 'cancel', 'retry', 'drop', 'set', 'delete'];

type Add = (program: Command, context: CommandContext) => void;

/** In the order of the help: the commands that a module adds, and the module, which is loaded when one is meant. */
const COMMANDS: readonly (readonly [readonly string[], () => Promise<Add>])[] = [
  [['run'], async () => (await import('./commands/run.js')).addRunCommand],
  [['init'], async () => (await import('./commands/init.js')).addInitCommand],
  [['advise'], async () => (await import('./commands/advise.js')).addAdviseCommand],
  [['plan'], async () => (await import('./commands/plan.js')).addPlanCommand],
  [['dev'], async () => (await import('./commands/dev.js')).addDevCommand],
  [['list'], async () => (await import('./commands/list.js')).addListCommand],
  [['get'], async () => (await import('./commands/get.js')).addGetCommand],
  [['watch'], async () => (await import('./commands/watch.js')).addWatchCommand],
  [['tasks'], async () => (await import('./commands/tasks.js')).addTasksCommand],
  [LIFE, async () => (await import('./commands/campaign-life.js')).addCampaignLifeCommands],
  [['report'], async () => (await import('./commands/report.js')).addReportCommand],
  [['compare'], async () => (await import('./commands/compare.js')).addCompareCommand],
  [['export'], async () => (await import('./commands/export.js')).addExportCommand],
  [['workers'], async () => (await import('./commands/workers.js')).addWorkersCommand],
  [['data'], async () => (await import('./commands/data.js')).addDataCommand],
  [['attacks'], async () => (await import('./commands/attacks.js')).addAttacksCommand],
  [['model'], async () => (await import('./commands/model.js')).addModelCommand],
  [['eval'], async () => (await import('./commands/eval.js')).addEvalCommand],
  [['check'], async () => (await import('./commands/check.js')).addCheckCommand],
  [['train'], async () => (await import('./commands/train.js')).addTrainCommand],
  [['sibling'], async () => (await import('./commands/sibling.js')).addSiblingCommand],
  [['devices'], async () => (await import('./commands/devices.js')).addDevicesCommand],
  [['doctor'], async () => (await import('./commands/doctor.js')).addDoctorCommand],
  [['context'], async () => (await import('./commands/context.js')).addContextCommand],
  [['token'], async () => (await import('./commands/token.js')).addTokenCommand],
];

/** The modules of what the words of a command line ask for: of its one command, or of all where help names them. */
function modulesFor(words: readonly string[]): readonly (() => Promise<Add>)[] {
  const name = words.find((word, index) => !word.startsWith('-') && words[index - 1] !== '--context');
  const meant = COMMANDS.filter(([names]) => name !== undefined && names.includes(name));
  const bare = name === undefined && words.some((word) => word === '--version' || word === '-V');
  return (meant.length > 0 || bare ? meant : COMMANDS).map(([, load]) => load);
}

/**
 * The command line for the words that follow `unpair`, without the modules that they do not need. Parsing throws
 * instead of exiting; `main` decides what an error becomes.
 */
export async function buildProgram(words: readonly string[], context: CommandContext): Promise<Command> {
  const program = new Command('unpair')
    .description(
      'How much easier does a published sibling make it to attack a private model, why, and what cures it?',
    )
    .version(context.version)
    .option('--context <name>', 'cluster to talk to, by its name in "unpair context list"')
    .hook('preAction', (root, command) => chooseTarget(root, command, context))
    .exitOverride()
    .showHelpAfterError('(add --help for usage)')
    .addHelpText('after', EXAMPLES);
  const commands = await Promise.all(modulesFor(words).map((load) => load()));
  for (const add of commands) add(program, context);
  return program;
}
