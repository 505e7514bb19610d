import type { Command } from 'commander';
import { foldConstants, isDifferentiable, summarizeModel } from '@unpair/graph';
import type { Graph, ModelSummary, ValueInfo } from '@unpair/graph';

import type { CommandContext } from '../context.js';
import { readModel } from '../models/read-model.js';
import { renderTable } from '../terminal/table.js';

/** What `model show` tells about a model file. */
interface ModelDescription extends ModelSummary {
  readonly file: string;
  readonly differentiable: boolean;
  /** Why it cannot be differentiated; null when it can. */
  readonly reason: string | null;
}

/** `unpair model show F`. */
export function addModelCommand(program: Command, context: CommandContext): void {
  program
    .command('model')
    .description('look at model files')
    .command('show')
    .description(
      'show inputs, outputs, parameters and operators of a model, and whether it can be differentiated',
    )
    .argument('<file>', 'ONNX file')
    .option('--json', 'print JSON')
    .action((path: string, options: { readonly json?: true }) => runModelShow(path, options, context));
}

async function runModelShow(
  path: string,
  { json }: { readonly json?: true },
  { terminal }: CommandContext,
): Promise<void> {
  const { graph } = await readModel(path);
  const description = describeModel(path, graph);
  terminal.print(json ? JSON.stringify(description, null, 2) : renderModel(description));
}

function describeModel(file: string, graph: Graph): ModelDescription {
  const verdict = isDifferentiable(foldConstants(graph));
  return {
    file,
    ...summarizeModel(graph),
    differentiable: verdict.ok,
    reason: verdict.ok ? null : verdict.reason,
  };
}

function renderModel(model: ModelDescription): string {
  const values = (infos: readonly ValueInfo[]): string =>
    infos.map(({ name, dataType, shape }) => `${name}: ${dataType} [${shape.join(', ')}]`).join('; ');
  const facts = [
    ['file', model.file],
    ['format', `ONNX, operator set ${model.opset}`],
    ['inputs', values(model.inputs)],
    ['outputs', values(model.outputs)],
    ['parameters', `${grouped(model.parameters)} in ${grouped(model.bytes)} bytes`],
    ['operations', model.macs === null ? 'unknown' : `${grouped(model.macs)} multiply-accumulates a sample`],
    ['differentiable', model.reason === null ? 'yes' : `no: ${model.reason}`],
  ] as const;
  const lines = facts.map(([name, value]) => `${name.padEnd(15)} ${value}`);
  return `${lines.join('\n')}\n\n${renderTable(['operator', 'count'], Object.entries(model.operators))}`;
}

const grouped = (count: number): string => count.toLocaleString('en');
