import { UnpairError } from '@unpair/errors';
import type { Graph } from '@unpair/graph';
import type { Architecture, ArchitectureOptions, ClassifierShape } from './architecture.js';
import { convnet } from './convnet.js';
import type { Initializer } from './initialization.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { resnet } from './resnet.js';
import { vgg } from './vgg.js';

/** Architectures that recipes can name. */
export const ARCHITECTURES: readonly Architecture[] = [resnet, mobilenetV2, convnet, vgg];

/**
 * Builds an untrained classifier by name; options that are not given take their defaults.
 *
 * @throws {UnpairError} quoting the field, its value and what is allowed.
 */
export function buildArchitecture(
  name: string,
  options: ArchitectureOptions,
  shape: ClassifierShape,
  initialize: Initializer,
): Graph {
  const architecture = ARCHITECTURES.find((candidate) => candidate.name === name);
  if (architecture === undefined) {
    const known = ARCHITECTURES.map((candidate) => candidate.name).join(', ');
    const sentence = `architecture.name is "${name}"; it must be one of: ${known}`;
    const refused = { field: 'architecture.name', value: name, allowed: `one of: ${known}` };
    throw new UnpairError('INVALID_ARGUMENT', sentence, refused);
  }
  const complete = completeOptions(architecture, options);
  try {
    return architecture.build(complete, shape, initialize);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UnpairError('INVALID_ARGUMENT', error.message, { cause: error });
  }
}

function completeOptions(architecture: Architecture, options: ArchitectureOptions): ArchitectureOptions {
  const known = Object.entries(architecture.options);
  for (const field of Object.keys(options)) {
    if (!known.some(([option]) => option === field)) {
      const names = known.map(([option]) => option).join(', ');
      throw new UnpairError(
        'INVALID_ARGUMENT',
        `architecture.${field} is not an option of ${architecture.name}; its options are: ${names}`,
      );
    }
  }
  const entries = known.map(([field, option]) => {
    const value = options[field] ?? option.default;
    if (option.accepts(value)) return [field, value] as const;
    const { allowed } = option;
    const sentence = `architecture.${field} is ${JSON.stringify(value)}; it must be ${allowed}`;
    throw new UnpairError('INVALID_ARGUMENT', sentence, { field: `architecture.${field}`, value, allowed });
  });
  return Object.fromEntries(entries);
}
