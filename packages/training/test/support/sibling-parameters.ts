import type { Parameters } from '@unpair/parameters';
import type { SiblingDefinition } from '@unpair/training';
import { siblings } from '@unpair/siblings';

/** A way to make a sibling, by its name in campaign files. */
export function siblingCalled(name: string): SiblingDefinition {
  const definition = siblings.find((each) => each.name === name);
  if (definition === undefined) throw new Error(`no sibling is called ${name}`);
  return definition;
}

/** All parameters of a way: its defaults, and what is given. */
export function parametersOf(name: string, given: Parameters): Parameters {
  const specs = Object.entries(siblingCalled(name).parameters);
  return { ...Object.fromEntries(specs.map(([key, spec]) => [key, spec.default])), ...given };
}
