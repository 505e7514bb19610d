import { attacks } from '@unpair/attacks';
import type { Parameters } from '@unpair/parameters';
import { conforms } from './conformance.js';

/** What makes runs short, of the parameters that an attack has. */
const SHORT: Parameters = {
  steps: 2,
  budget: 120,
  samples: 10,
  neighbours: 2,
  copies: 2,
  points: 3,
  directions: 8,
  starts: 3,
};
/** Where that is too short to find anything. */
const LONGER: Readonly<Record<string, Parameters>> = {
  rgf: { budget: 260 },
  'prior-sign-opt': { budget: 200 },
  pgd: { steps: 5 },
  bsr: { copies: 4 },
  logit: { steps: 10 },
  ilpd: { steps: 10 },
  ascent: { steps: 10 },
  'apgd-ce': { steps: 8 },
  'apgd-dlr': { steps: 8 },
};
/** Attacks that find the nearest are held against balls that short runs reach. */
const NEAR = { linf: 0.3, l2: 1.5 };

for (const definition of attacks.values()) {
  const own = Object.entries(SHORT).filter(([name]) => Object.hasOwn(definition.parameters, name));
  const parameters = { ...Object.fromEntries(own), ...LONGER[definition.name] };
  conforms(definition, parameters, definition.finds === 'nearest' ? NEAR : undefined);
}
