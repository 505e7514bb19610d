import type { Dim, Graph, ValueInfo } from '@unpair/graph';
import type { SampleSet } from '@unpair/datasets';

/** The facts of a data set that a model has to fit. */
export type DataFacts = Pick<SampleSet, 'name' | 'shape' | 'classes' | 'classNames'>;

/**
 * Says in a phrase why the model cannot classify these samples; undefined where it can. Sizes that the file leaves
 * open fit everything.
 */
export function misfitOf(graph: Graph, data: DataFacts): string | undefined {
  const [input, ...moreInputs] = graph.inputs;
  const [output, ...moreOutputs] = graph.outputs;
  if (!input || moreInputs.length > 0) return `has ${graph.inputs.length} inputs instead of one`;
  if (!output || moreOutputs.length > 0) return `has ${graph.outputs.length} outputs instead of one`;
  if (input.dataType !== 'float32' || input.shape.length !== 4) {
    return `takes ${describe(input)} instead of float32 [N, C, H, W]`;
  }
  const [, ...image] = input.shape;
  if (!image.every((dim, axis) => isOpen(dim) || dim === data.shape[axis])) {
    return `takes images of ${image.join('×')}, but those of ${data.name} are ${data.shape.join('×')}`;
  }
  return classesProblem(output, data);
}

function classesProblem(output: ValueInfo, { name, classes, classNames }: DataFacts): string | undefined {
  const [, rows] = output.shape;
  if (output.dataType !== 'float32' || output.shape.length !== 2 || rows === undefined) {
    return `gives ${describe(output)} instead of float32 [N, classes]`;
  }
  // Where a data set has no list of classes, its greatest label is all that is known.
  const fits = isOpen(rows) || (classNames === null ? rows >= classes : rows === classes);
  return fits ? undefined : `gives ${rows} classes, but ${name} has ${classes}`;
}

function describe({ dataType, shape }: ValueInfo): string {
  return `${dataType} [${shape.join(', ')}]`;
}

const isOpen = (dim: Dim): dim is string => typeof dim === 'string';
