import { inputs, type SampleSet } from '@unpair/datasets';
import { encodeModel, summarizeModel } from '@unpair/graph';
import type { DerivedModel, DeriveTask } from '@unpair/protocol';
import { siblings, type SiblingDefinition } from '@unpair/robustness';
import { createHash } from 'node:crypto';
import type { TaskContext } from '../execute-task.js';
import { assertFits, assertRange, parseParameters, present, TaskInputError } from '../task-input.js';
import { fileOf } from './lending.js';

/** A derived model, and the file that it is. */
export interface Derivation {
  readonly model: DerivedModel;
  readonly bytes: Uint8Array;
}

/** Makes a sibling of a model. Its file is a function of the task, so every attempt stores the same artefact. */
export async function derive(task: DeriveTask, context: TaskContext): Promise<Derivation> {
  const definition = definitionOf(task.kind);
  const { workbench, signal } = context;
  const of = present(task.of, 'model to derive from');
  return workbench.withModel(fileOf(of.digest, context), async (loaded) => {
    const { graph } = loaded;
    const classifier = await loaded.classifier();
    const samples = await calibrationSamples(task, context, (set) => {
      assertFits(of.id, classifier, set);
    });
    const parameters = parseParameters(task.parameters);
    const { runtime } = workbench;
    const sibling = await definition.derive({ graph, runtime, samples, parameters, signal });
    const bytes = encodeModel(sibling);
    const model = {
      model: task.model,
      digest: createHash('sha256').update(bytes).digest('hex'),
      bytes: bytes.length,
      parameters: summarizeModel(sibling).parameters,
    };
    return { model, bytes };
  });
}

function definitionOf(kind: string): SiblingDefinition {
  const definition = siblings.find(({ name }) => name === kind);
  if (definition !== undefined) return definition;
  const known = siblings.map(({ name }) => name).join(', ');
  throw new TaskInputError(
    `Recipe "${kind}" is not among those this worker knows: ${known}.`,
    'UNIMPLEMENTED',
  );
}

function calibrationSamples(
  task: DeriveTask,
  context: TaskContext,
  check: (set: SampleSet) => void,
): Promise<Float32Array> {
  const range = present(task.calibration, 'calibration samples');
  return context.workbench.withSamples(fileOf(range.digest, context), (set) => {
    check(set);
    assertRange(set, range);
    return Promise.resolve(inputs(set, range.first, range.count));
  });
}
