import { availableParallelism } from 'node:os';

import type { Command } from 'commander';
import { Option } from 'commander';
import { UnpairError } from '@unpair/errors';
import type { Parameters, ParameterSpec } from '@unpair/parameters';
import { parameterRule } from '@unpair/parameters';
import type { SiblingDefinition } from '@unpair/training';
import { siblings } from '@unpair/siblings';

import type { CommandContext } from '../context.js';
import { flagOf } from '../sibling/flag.js';
import { makeSibling } from '../sibling/make-sibling.js';
import type { ModelFlags } from './model-options.js';
import { addModelFlags, modelOptionsOf, saysAnything } from './model-options.js';
import { plainValue, withLeadingZero } from './number-text.js';
import { wholeNumber } from './whole-number.js';

/** The options that every way of deriving has; the parameters of its own stand beside them. */
interface SiblingOptions extends Record<string, unknown>, ModelFlags {
  readonly out: string;
  readonly dataset: string;
  readonly seed: number;
  readonly threads: number;
  /** For ways that take a second model. */
  readonly target?: string;
}

/** `unpair sibling WAY MODEL --dataset D --out F`: one subcommand for each way there is, as `quantize`. */
export function addSiblingCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('sibling')
    .description(
      'make of a model what would be published of it: quantized, pruned, distilled, unpaired; or an attacker’s copy of it',
    );
  for (const definition of siblings) addWay(command, definition, context);
}

function addWay(parent: Command, definition: SiblingDefinition, context: CommandContext): void {
  const command = parent
    .command(definition.name)
    .description(definition.description)
    .argument('<model>', 'an ONNX, TensorFlow Lite or TensorFlow.js file')
    .requiredOption('--out <file>', 'ONNX file to write; the recipe is written beside it')
    .requiredOption('--dataset <name|path>', `data set: its training split ${useOfData(definition)}`)
    .option('--seed <n>', 'of the order of samples and of starting weights', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--threads <n>', 'threads of the runtime', wholeNumber(1, 1024), availableParallelism());
  if (definition.relation !== undefined) {
    command.requiredOption(
      '--target <file>',
      'the full model: what is made is to differ from it, to be mixed with it, or to imitate it',
    );
  }
  for (const [name, spec] of Object.entries(definition.parameters)) command.addOption(optionOf(name, spec));
  addModelFlags(command).action((model: string, flags: SiblingOptions) => {
    const { out, dataset, seed, threads, target } = flags;
    const parameters = parametersOf(definition, flags);
    const options = saysAnything(flags) ? modelOptionsOf(flags) : undefined;
    return makeSibling(
      { definition, model, target, out, dataset, seed, threads, parameters, options },
      context,
    );
  });
}

/** What training samples are for; every sibling is tried on some, so that none is written that only guesses. */
function useOfData({ relation }: SiblingDefinition): string {
  return relation === 'mixed-with' ? 'shows whether the sibling still classifies' : 'calibrates and trains';
}

/** A parameter as an option. */
function optionOf(name: string, spec: ParameterSpec): Option {
  const rule = parameterRule(spec);
  const value = spec.type === 'choice' ? spec.choices.join('|') : 'value';
  const flag = flagOf(name);
  const option = new Option(`${flag} <${value}>`, spec.description);
  if (spec.default !== null) option.default(spec.default);
  return option.argParser((text: string) => {
    const accepted = rule.accept(givenValue(spec, text));
    if (accepted !== undefined) return accepted;
    throw UnpairError.refusal({ field: flag, value: text, allowed: rule.allowed });
  });
}

/** What the text is before its rule judges it. */
function givenValue({ type }: ParameterSpec, text: string): unknown {
  if (type === 'choice') return text;
  return type === 'pixels' ? withLeadingZero(text) : plainValue(text);
}

function parametersOf({ parameters }: SiblingDefinition, options: SiblingOptions): Parameters {
  const camel = (name: string): string =>
    name.replace(/\.(\w)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(
    Object.entries(parameters).map(([name, spec]) => {
      const given = options[camel(name)];
      const known = typeof given === 'number' || typeof given === 'string' || typeof given === 'boolean';
      return [name, known ? given : spec.default];
    }),
  );
}
