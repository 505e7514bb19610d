import { attacks } from '@unpair/attacks';
import type { Parameters } from '@unpair/parameters';
import { conforms } from './conformance.js';

/** Small runs. */
const parameters: Readonly<Record<string, Parameters>> = {
  rgf: { budget: 260, samples: 20 },
  'p-rgf': { budget: 120, samples: 20 },
  square: { budget: 60 },
};

for (const definition of attacks.values()) conforms(definition, parameters[definition.name] ?? {});
