import type { Command } from 'commander';
import { foldConstants, isDifferentiable, rowMixing, summarizeModel } from '@unpair/graph';
import type { ModelSummary, ValueInfo } from '@unpair/graph';
import type { ModelFormat } from '@unpair/formats';

import type { CommandContext } from '../context.js';
import { nonClassifier } from '../models/misfit.js';
import type { ModelFile } from '../models/read-model.js';
import { readModel } from '../models/read-model.js';
import { assertOutputFile, assertOverwritesNone } from '../output-file.js';
import { renderTable } from '../terminal/table.js';
import { writeWhole } from '@unpair/files';
import type { ModelFlags } from './model-options.js';
import { addModelFlags, modelOptionsOf } from './model-options.js';

/** What `model show` tells about a model file. */
interface ModelDescription extends ModelSummary {
  readonly file: string;
  /** Format of the file; the rest is about the graph that it becomes. */
  readonly source: ModelFormat;
  /** Whether it classifies images, as campaigns and `eval` need it. */
  readonly classifier: boolean;
  /** Why it does not; null when it does. */
  readonly nonClassifier: string | null;
  readonly differentiable: boolean;
  /** Why it cannot be differentiated; null when it can. */
  readonly reason: string | null;
  /** Why its images run one at a time; null where nothing in the graph asks for that. */
  readonly oneByOne: string | null;
}

/** `unpair model show F` and `unpair model convert IN OUT`. */
export function addModelCommand(program: Command, context: CommandContext): void {
  const model = program.command('model').description('look at model files and convert them');
  const show = model
    .command('show')
    .description(
      'show inputs, outputs, parameters and operators of a model, and whether it can be differentiated',
    )
    .argument('<file>', 'ONNX, TensorFlow Lite or TensorFlow.js (model.json) file')
    .option('--json', 'print JSON');
  addModelFlags(show).action((path: string, options: ShowOptions) => runModelShow(path, options, context));
  const convert = model
    .command('convert')
    .description('write a model as ONNX: images [N,C,H,W] in [0,1] in, logits out')
    .argument('<in>', 'ONNX, TensorFlow Lite or TensorFlow.js (model.json) file')
    .argument('<out>', 'ONNX file to write');
  addModelFlags(convert).action((from: string, to: string, flags: ModelFlags) =>
    runModelConvert(from, to, flags, context),
  );
}

interface ShowOptions extends ModelFlags {
  readonly json?: true;
}

async function runModelShow(path: string, options: ShowOptions, { terminal }: CommandContext): Promise<void> {
  const description = describeModel(await readModel(path, modelOptionsOf(options)));
  terminal.print(options.json ? JSON.stringify(description, null, 2) : renderModel(description));
}

async function runModelConvert(
  from: string,
  to: string,
  flags: ModelFlags,
  { terminal }: CommandContext,
): Promise<void> {
  await assertOutputFile('<out>', to);
  await assertOverwritesNone('<out>', to, { '<in>': from });
  const { graph, bytes } = await readModel(from, modelOptionsOf(flags));
  await writeWhole(to, bytes);
  terminal.print(
    `${to}: ${valuesOf(graph.inputs)} → ${valuesOf(graph.outputs)}, ${grouped(bytes.length)} bytes`,
  );
}

function describeModel({ path, format, graph, opset }: ModelFile): ModelDescription {
  const verdict = isDifferentiable(foldConstants(graph));
  const problem = nonClassifier(graph);
  return {
    file: path,
    source: format,
    ...summarizeModel(graph),
    opset,
    classifier: problem === undefined,
    nonClassifier: problem ?? null,
    differentiable: verdict.ok,
    reason: verdict.ok ? null : verdict.reason,
    oneByOne: rowMixing(graph) ?? null,
  };
}

/** What stands before `ONNX`, which every model becomes. */
const FORMAT_NAMES: Readonly<Record<ModelFormat, string>> = {
  onnx: '',
  tflite: 'TensorFlow Lite, as ',
  tensorflowjs: 'TensorFlow.js, as ',
};

const valuesOf = (infos: readonly ValueInfo[]): string =>
  infos.map(({ name, dataType, shape }) => `${name}: ${dataType} [${shape.join(', ')}]`).join('; ');

function renderModel(model: ModelDescription): string {
  const facts = [
    ['file', model.file],
    ['format', `${FORMAT_NAMES[model.source]}ONNX, operator set ${model.opset}`],
    ['inputs', valuesOf(model.inputs)],
    ['outputs', valuesOf(model.outputs)],
    ['parameters', `${grouped(model.parameters)} in ${grouped(model.bytes)} bytes`],
    ['not zero', grouped(model.nonZero)],
    ['operations', model.macs === null ? 'unknown' : `${grouped(model.macs)} multiply-accumulates a sample`],
    ['classifier', model.nonClassifier === null ? 'yes' : `no: it ${model.nonClassifier}`],
    ['differentiable', model.reason === null ? 'yes' : `no: ${model.reason}`],
    ...(model.oneByOne === null ? [] : [['batches', `of one image, since ${model.oneByOne}`] as const]),
  ] as const;
  const lines = facts.map(([name, value]) => `${name.padEnd(15)} ${value}`);
  return `${lines.join('\n')}\n\n${renderTable(['operator', 'count'], Object.entries(model.operators))}`;
}

const grouped = (count: number): string => count.toLocaleString('en');
