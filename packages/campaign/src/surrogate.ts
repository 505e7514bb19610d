import type { Fusion } from '@unpair/classifiers';
import type { Backward } from '@unpair/graph';
import { BACKWARD_PARAMETERS } from './backward.js';

/** How the models of a surrogate are used, where that is not as they are. */
export interface SurrogateUse {
  /** What of several models is averaged; absent for their losses. */
  readonly fusion?: Exclude<Fusion, 'losses'>;
  /** How gradients are taken; absent for derivatives. */
  readonly backward?: Backward;
}

/** What an attack on a target takes its gradients from: a published model, or several as an ensemble. */
export interface Surrogate extends SurrogateUse {
  /** `int8`, `int8+stranger`, `int8@sgm`: what people, rows and identities of cells call it. */
  readonly name: string;
  /** The models that it consists of: one, or the members of an ensemble in their order. */
  readonly models: readonly string[];
}

export function surrogateOf(...models: readonly string[]): Surrogate {
  return { name: models.join('+'), models };
}

/** A surrogate that is used otherwise than as it is; its name says how. */
export function usedAs({ name, models }: Surrogate, { fusion, backward }: SurrogateUse): Surrogate {
  const how = [
    ...(fusion === undefined ? [] : [fusion]),
    ...(backward === undefined ? [] : [textOf(backward)]),
  ];
  return {
    ...{ name: [name, ...how].join('@'), models },
    ...(fusion !== undefined && { fusion }),
    ...(backward !== undefined && { backward }),
  };
}

/** The only model that a surrogate consists of, as it is; undefined for an ensemble, and for one that is used otherwise. */
export function onlyModelOf({ models: [first, ...more], fusion, backward }: Surrogate): string | undefined {
  return more.length === 0 && fusion === undefined && backward === undefined ? first : undefined;
}

/** `sgm`, or `sgm(decay=0.5)`: parameters that are not the defaults. */
function textOf({ rule, ...parameters }: Backward): string {
  const specs = BACKWARD_PARAMETERS[rule];
  const others = Object.entries(parameters).filter(([name, value]) => specs[name]?.default !== value);
  return others.length === 0
    ? rule
    : `${rule}(${others.map(([name, value]) => `${name}=${value}`).join(',')})`;
}
