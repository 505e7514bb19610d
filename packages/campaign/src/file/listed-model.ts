import type { SiblingTraits } from '@unpair/training';
import type { ModelEntry, SiblingKind } from '../campaign.js';
import type { Field } from './field.js';
import type { ListedParameters } from './parameters.js';
import type { Reference } from './reference.js';

/** An entry of `models:` as the file has it, before lists are expanded. */
export type ListedModel =
  /** A file or an endpoint, which is made of nothing else. */
  | { readonly kind: 'given'; readonly entry: ModelEntry }
  | ({
      readonly kind: SiblingKind;
      /** Where the entry stands. */
      readonly field: Field;
      readonly of: Reference;
      readonly from?: Reference;
      readonly adaptive?: boolean;
      readonly ready?: string;
    } & SiblingTraits &
      ListedParameters);

/** An entry that derives models. */
export type ListedSibling = Exclude<ListedModel, { readonly kind: 'given' }>;

/** The entries that one is made of; none for a file, and for what is no entry. */
export function parentEntriesOf(model: ListedModel | undefined): readonly string[] {
  if (model === undefined || model.kind === 'given') return [];
  return model.from === undefined ? [model.of.entry] : [model.of.entry, model.from.entry];
}
