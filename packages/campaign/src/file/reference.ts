import type { Rule } from '@unpair/parameters';

/** A name under which the file refers to a model: that of an entry, or in full that of one of the models of a swept one. */
export interface Reference {
  readonly name: string;
  /** The entry that it begins with. */
  readonly entry: string;
}

/** Which model is meant is for whoever knows the models. */
export const reference: Rule<Reference> = {
  allowed: 'the name of a model',
  accept: (value) => {
    if (typeof value !== 'string' || value.trim() === '') return undefined;
    const [entry = value] = value.split('[', 1);
    return { name: value, entry };
  },
};
