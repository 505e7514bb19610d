import type { ModelEntry, SiblingKind } from '../campaign.js';
import type { Field } from './field.js';
import type { ListedParameters } from './parameters.js';

/** An entry of `models:` as the file has it, before lists are expanded. */
export type ListedModel =
  | { readonly kind: 'file'; readonly entry: ModelEntry }
  | ({
      readonly kind: SiblingKind;
      /** Where the entry stands. */
      readonly field: Field;
      /** A model, or an entry that stands for several. */
      readonly of: string;
      readonly from?: string;
      readonly adaptive?: boolean;
      readonly ready?: string;
    } & ListedParameters);

/** An entry that derives models. */
export type ListedSibling = Exclude<ListedModel, { readonly kind: 'file' }>;
