import type { Graph, Tensors } from '@unpair/graph';
import { TEACHER_LOGITS, float32 } from '@unpair/graph';
import type { ParameterSpec, ParameterSpecs } from '@unpair/parameters';
import { numberOf } from '@unpair/parameters';
import type { Classifier } from '@unpair/classifiers';
import { createClassifier } from '@unpair/classifiers';
import type { FineTuneOptions } from '../fine-tune.js';
import type { ShardBatch } from '../shards/shard-computer.js';
import { buildTrainingStep } from '../step-graph.js';
import type { SiblingRequest } from '../sibling.js';

/** What training takes from a teacher. */
type TeacherSteps = Pick<FineTuneOptions, 'buildStep' | 'feeds'>;

/** The temperature at which a model's answers are learnt from. */
export const TEMPERATURE: ParameterSpec = {
  type: 'number',
  min: 0.1,
  max: 100,
  default: 4,
  description: 'What logits are divided by before they are compared as probabilities.',
};

/** The parameters of learning from a teacher's answers, each name after `prefix` (`finetune.`, or nothing). */
export function teacherParameters(prefix: string, alpha: number): ParameterSpecs {
  return {
    [`${prefix}temperature`]: TEMPERATURE,
    [`${prefix}alpha`]: {
      type: 'number',
      min: 0,
      max: 1,
      default: alpha,
      description: 'Share of the model in the loss; the labels have the rest.',
    },
  };
}

/** Trains with a share of a teacher's answers to the images as they are shown; where that is 0, on labels alone. */
export async function withTeacher<T>(
  teacher: Graph,
  { runtime, threads, parameters }: Pick<SiblingRequest, 'runtime' | 'threads' | 'parameters'>,
  prefix: string,
  train: (steps: TeacherSteps) => Promise<T>,
): Promise<T> {
  const distillation = {
    temperature: numberOf(parameters, `${prefix}temperature`),
    alpha: numberOf(parameters, `${prefix}alpha`),
  };
  if (distillation.alpha === 0) return train({});
  const classifier = await createClassifier({
    graph: teacher,
    runtime,
    ...(threads !== undefined && { threads }),
  });
  try {
    return await train({
      buildStep: (model, shard) => buildTrainingStep(model, shard, { distillation }),
      feeds: (batch) => ask(classifier, batch),
    });
  } finally {
    await classifier.close();
  }
}

async function ask(teacher: Classifier, { images, answers }: ShardBatch): Promise<Tensors> {
  const logits = await teacher.logits(images.data, answers.length);
  return { [TEACHER_LOGITS]: float32([answers.length, teacher.classes], logits) };
}
