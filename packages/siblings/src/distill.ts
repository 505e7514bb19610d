import type { Graph } from '@unpair/graph';
import { numberOf } from '@unpair/parameters';
import type { Parameters } from '@unpair/parameters';
import { normalInitializer } from '@unpair/training';
import { ARCHITECTURES, buildArchitecture } from '@unpair/training';
import { fineTune } from '@unpair/training';
import { pixelStatistics } from '@unpair/training';
import { finetuneParameters, scheduleOf, trainingDemand } from '@unpair/training';
import type { ParameterMisfit, SiblingDefinition, SiblingRequest } from '@unpair/training';
import { teacherParameters, withTeacher } from '@unpair/training';

/** Options of architectures that a single number gives. */
const SIZES = ['depth', 'width'] as const;

/** Distillation (Hinton et al. 2015, arXiv 1503.02531): a smaller network learns to answer like the model. */
export const distillSibling: SiblingDefinition<'distill'> = {
  name: 'distill',
  maker: 'publisher',
  description: 'A smaller network that is trained to answer like the model.',
  isOtherNetwork: true,
  parameters: {
    architecture: {
      type: 'choice',
      choices: ARCHITECTURES.map(({ name }) => name),
      default: 'resnet',
      description: 'The family of the smaller network.',
    },
    depth: {
      type: 'integer',
      min: 0,
      default: 0,
      description: "Its layers; 0 for the family's own default.",
    },
    width: { type: 'number', min: 0, default: 0, description: "Its width; 0 for the family's own default." },
    ...teacherParameters('', 0.9),
    ...finetuneParameters('', { epochs: 10, rate: 0.1, batch: 128, samples: 50_000 }),
  },
  misfit: sizeMisfit,
  demand: (parameters) => trainingDemand('', parameters),
  derive: distillModel,
};

/** A size that the architecture does not come in. */
function sizeMisfit(parameters: Parameters): ParameterMisfit | undefined {
  const architecture = ARCHITECTURES.find(({ name }) => name === parameters['architecture']);
  const misfits = Object.entries(sizesOf(parameters)).flatMap(([parameter, size]) => {
    const option = architecture?.options[parameter];
    if (option?.accepts(size) === true) return [];
    const allowed = option === undefined ? '0: the family has no such size' : `${option.allowed}, or 0`;
    return [{ parameter, description: `must be ${allowed}, got ${size}` }];
  });
  return misfits[0];
}

/**
 * Trains a smaller network on a model's answers.
 * @throws {ModelError} when the model is no classifier
 * @throws {UnpairError} when the architecture has no such size
 * @throws {UnpairError} when the samples are too few, or training collapses
 */
export async function distillModel(request: SiblingRequest): Promise<Graph> {
  const { graph, parameters, samples, seed } = request;
  const student = untrainedStudent(request);
  const schedule = scheduleOf('', parameters, seed, samples);
  if (schedule === undefined) return student;
  return withTeacher(graph, request, '', (steps) =>
    fineTune({ ...request, graph: student, schedule, ...steps, judge: 'end' }),
  );
}

function untrainedStudent({ parameters, samples, seed }: SiblingRequest): Graph {
  const { images, shape, classes } = samples;
  const classifier = { image: shape, classes, ...pixelStatistics(images, shape) };
  const architecture = String(parameters['architecture']);
  return buildArchitecture(architecture, sizesOf(parameters), classifier, normalInitializer(seed));
}

function sizesOf(parameters: Parameters): Readonly<Record<string, number>> {
  const sizes = SIZES.map((name) => [name, numberOf(parameters, name)] as const);
  return Object.fromEntries(sizes.filter(([, size]) => size > 0));
}
