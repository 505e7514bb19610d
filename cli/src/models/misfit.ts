import type { Dim, Graph, ValueInfo } from '@unpair/graph';
import { inferShapes } from '@unpair/graph';
import type { SampleSet } from '@unpair/datasets';

/** The facts of a data set that a model has to fit. */
export type DataFacts = Pick<SampleSet, 'name' | 'shape' | 'classes' | 'classNames'>;

/**
 * Says in a phrase why the model cannot classify these samples; undefined where it can. Sizes of images that the file
 * leaves open fit everything.
 */
export function misfitOf(graph: Graph, data: DataFacts): string | undefined {
  const problem = nonClassifier(graph);
  if (problem !== undefined) return problem;
  const [, ...image] = graph.inputs[0]?.shape ?? [];
  if (!image.every((dim, axis) => isOpen(dim) || dim === data.shape[axis])) {
    return `takes images of ${image.join('×')}, but those of ${data.name} are ${data.shape.join('×')}`;
  }
  return classesProblem(graph.outputs[0]?.shape[1], data);
}

/** Says in a phrase why the model classifies no images, whatever the data; undefined where it does. */
export function nonClassifier({ inputs, outputs }: Pick<Graph, 'inputs' | 'outputs'>): string | undefined {
  const [input, ...moreInputs] = inputs;
  const [output, ...moreOutputs] = outputs;
  if (!input || moreInputs.length > 0) return `has ${inputs.length} inputs instead of one`;
  if (!output || moreOutputs.length > 0) return `has ${outputs.length} outputs instead of one`;
  if (input.dataType !== 'float32' || input.shape.length !== 4) {
    return `takes ${describe(input)} instead of float32 [N, C, H, W]`;
  }
  if (output.dataType === 'float32' && output.shape.length === 2) return undefined;
  return `gives ${describe(output)} instead of float32 [N, classes]`;
}

/** Entries that one value of a model may have for one image: a gigabyte of floats. */
const MOST_ENTRIES = 2 ** 28;

/** Says in a phrase which value of a model is larger than any worker could hold; undefined where none is known to be. */
export function oversizeOf(graph: Graph): string | undefined {
  for (const [name, { shape }] of inferShapes(graph)) {
    const entries = shape.reduce<number>((product, dim) => product * sizeOf(dim), 1);
    if (entries > MOST_ENTRIES)
      return `unfolds into more than fits memory: its value "${name}" has ${entries} entries for one image, allowed are ${MOST_ENTRIES}`;
  }
  return undefined;
}

/** Of a size that is known only at run time, such as `16*N`, the known factor. */
function sizeOf(dim: Dim): number {
  return isOpen(dim) ? Number(/^(\d+)\*/.exec(dim)?.[1] ?? 1) : dim;
}

function classesProblem(rows: Dim | undefined, data: DataFacts): string | undefined {
  const { name, classes, classNames } = data;
  if (rows === undefined) return undefined;
  if (isOpen(rows)) return `gives "${rows}" classes, and its weights do not tell how many that are`;
  // Where a data set has no list of classes, its greatest label is all that is known.
  const fits = classNames === null ? rows >= classes : rows === classes;
  const names = classNames === null ? '' : `: ${listed(classNames)}`;
  return fits ? undefined : `gives ${rows} classes, but ${name} has ${classes}${names}`;
}

/** Names that are told of a data set with many classes. */
const TOLD = 20;

function listed(names: readonly string[]): string {
  const more = names.length > TOLD ? [`${names.length - TOLD} more`] : [];
  return [...names.slice(0, TOLD), ...more].join(', ');
}

function describe({ dataType, shape }: ValueInfo): string {
  return `${dataType} [${shape.join(', ')}]`;
}

const isOpen = (dim: Dim): dim is string => typeof dim === 'string';
