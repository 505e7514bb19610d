import { availableParallelism } from 'node:os';

import type { Command } from 'commander';

import type { CommandContext } from '../context.js';
import type { TrainOptions } from '../train/train.js';
import { runTrain } from '../train/train.js';
import { wholeNumber } from './whole-number.js';

/** `unpair train RECIPE`. */
export function addTrainCommand(program: Command, context: CommandContext): void {
  program
    .command('train')
    .description('train a classifier from a recipe; run again, it goes on where it stopped')
    .argument('<recipe>', 'recipe file')
    .option('--out <file>', 'ONNX file to write (default: beside the recipe)')
    .option('--workers <n>', 'threads to train on', wholeNumber(1, 256), availableParallelism())
    .action((recipe: string, options: TrainOptions) => runTrain(recipe, options, context));
}
