import { Command } from 'commander';

import { addAttacksCommand } from './commands/attacks.js';
import { addCampaignLifeCommands } from './commands/campaign-life.js';
import { addCheckCommand } from './commands/check.js';
import { addDataCommand } from './commands/data.js';
import { addDevicesCommand } from './commands/devices.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvalCommand } from './commands/eval.js';
import { addExportCommand } from './commands/export.js';
import { addGetCommand } from './commands/get.js';
import { addListCommand } from './commands/list.js';
import { addModelCommand } from './commands/model.js';
import { addReportCommand } from './commands/report.js';
import { addRunCommand } from './commands/run.js';
import { addSiblingCommand } from './commands/sibling.js';
import { addTasksCommand } from './commands/tasks.js';
import { addTrainCommand } from './commands/train.js';
import { addWatchCommand } from './commands/watch.js';
import { addWorkersCommand } from './commands/workers.js';
import type { CommandContext } from './context.js';
import { addContextCommand } from './commands/context.js';
import { chooseTarget } from './commands/server-option.js';
import { addTokenCommand } from './commands/token.js';

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
  UNPAIR_DEVICE     device of run, eval, check: auto, cpu, cuda, cuda:N (default: auto)`;

/** In the order of the help. */
const COMMANDS = [
  addRunCommand,
  addListCommand,
  addGetCommand,
  addWatchCommand,
  addTasksCommand,
  addCampaignLifeCommands,
  addReportCommand,
  addExportCommand,
  addWorkersCommand,
  addDataCommand,
  addAttacksCommand,
  addModelCommand,
  addEvalCommand,
  addCheckCommand,
  addTrainCommand,
  addSiblingCommand,
  addDevicesCommand,
  addDoctorCommand,
  addContextCommand,
  addTokenCommand,
];

/** The whole command line. Parsing throws instead of exiting; `main` decides what an error becomes. */
export function buildProgram(context: CommandContext): Command {
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
  for (const add of COMMANDS) add(program, context);
  return program;
}
