import type { GoalChoice, Offer } from '@unpair/attacks';
import { EVERYTHING } from '@unpair/attacks';
import type { ModelOptions } from '@unpair/graph';
import type { Norm } from '@unpair/numerics';
import type { Parameters } from '@unpair/parameters';
import type { siblings } from '@unpair/siblings';
import type { SiblingTraits } from '@unpair/training';
import type { Surrogate } from './surrogate.js';
import type { SweepMember } from './swept.js';

/** A campaign file after validation: names resolved, fractions evaluated, defaults filled in, sweeps expanded. */
export interface Campaign {
  readonly name: string;
  readonly seed: number;
  readonly dataset: DatasetEntry;
  /** In the order of the file. */
  readonly models: ReadonlyMap<string, ModelEntry>;
  readonly targets: readonly Target[];
  /** Models, and ensembles of them; empty when no attack needs one. */
  readonly surrogates: readonly Surrogate[];
  readonly similarity: SimilarityEntry;
  readonly threat: ThreatModel;
  readonly attacks: readonly AttackEntry[];
  /** What those do who know that a sibling is defended; it follows from the rest. */
  readonly adaptive: AdaptiveSection;
  /** Which workers compute it. Results of one engine do not depend on it. */
  readonly placement: Placement;
  /** What would end the campaign otherwise. */
  readonly allow: readonly Allowance[];
  /** Queries that it may spend on its targets as a whole; absent for no limit beyond the attacks' own. */
  readonly maxQueries?: number;
  /** Samples of one task. Results do not depend on it. */
  readonly shardSize: number;
}

/** Kinds of devices that a campaign may ask for. */
export const DEVICE_KINDS = ['cpu', 'cuda', 'webgpu'] as const;

/** Which workers may compute a campaign. */
export interface Placement {
  /** The kind of device that measures and attacks; any, where none is named. */
  readonly device?: (typeof DEVICE_KINDS)[number];
  /** The label that the workers have; that of workers without one, where none is named. */
  readonly label?: string;
  /** Whether workers that do not compute the same to the bit may share the campaign. */
  readonly mixed: boolean;
}

/** What a file may allow. `near-chance`: models from files that classify hardly better than by guessing. */
export const ALLOWANCES = ['near-chance'] as const;

export type Allowance = (typeof ALLOWANCES)[number];

export interface DatasetEntry {
  /** A data set's name, or a path relative to the campaign file. */
  readonly source: string;
  readonly split: 'train' | 'test';
  /** The campaign uses samples 0 … samples − 1. */
  readonly samples: number;
  /** Side to which images are resized; absent where they stay as they are. */
  readonly size?: number;
  /** Columns of a CSV file; absent where the source is none, or has columns of the default names. */
  readonly columns?: { readonly image: string; readonly label: string };
}

/** What is attacked: a model whose file there is, or one behind an endpoint, which answers and no more: `requirementsOf`. */
export interface Target {
  readonly model: string;
}

/** Which models are compared, and on what. */
export interface SimilarityEntry {
  /** `attacked`: each target with each surrogate. `all`: every two models. */
  readonly pairs: 'attacked' | 'all';
  /** Whether also on noised and on adversarial inputs. */
  readonly perturbed: boolean;
}

/** How far an adversarial example may be from its input, in units of the [0,1] pixel range, and what it is to achieve. */
export interface ThreatModel {
  readonly norm: Norm;
  readonly epsilons: readonly number[];
  readonly goal: GoalChoice;
}

/** The ways of deriving a model: a new one in the registry is one here. */
export type SiblingKind = (typeof siblings)[number]['name'];

/** A model behind an endpoint of the Open Inference Protocol: it answers, and no more is to be had of it. */
export interface EndpointEntry {
  readonly kind: 'endpoint';
  /** http, https, grpc or grpcs, a host, and for the first two a path. */
  readonly endpoint: string;
  /** What it is called there. */
  readonly model: string;
  /** Where workers find what it wants to be shown: a variable of their environment, or a file in their folder of tokens. */
  readonly token?: { readonly env: string } | { readonly file: string };
  readonly limits: EndpointLimits;
  /** What has to be known of it; absent where nothing is said. */
  readonly options?: ModelOptions;
  /** How much of what it answers attackers are to see; absent where that is all. */
  readonly access?: Offer;
}

/** How one worker asks an endpoint, at most. */
export interface EndpointLimits {
  /** Images of one request. */
  readonly batch: number;
  /** Requests under way. */
  readonly inFlight: number;
  /** Images; absent for any number. */
  readonly perSecond?: number;
}

export type ModelEntry =
  | {
      readonly kind: 'file';
      readonly file: string;
      /** What it was made of before, by whatever way; absent where that is not said, or nothing. */
      readonly of?: string;
      /** What has to be known beside the file; absent where it says nothing. */
      readonly options?: ModelOptions;
      /** How much of its answers it gives who may only ask it; absent where it gives its logits. */
      readonly access?: Offer;
    }
  | EndpointEntry
  | ({
      readonly kind: SiblingKind;
      readonly of: string;
      /** The full model, to which it has a relation; absent for other kinds. */
      readonly from?: string;
      /** Of defences alone: whether attackers who know of them are tried as well. */
      readonly adaptive?: boolean;
      /** File in which it is made already; absent where the campaign makes it. */
      readonly ready?: string;
      readonly parameters: Parameters;
      /** Absent where its entry lists no values. */
      readonly sweep?: SweepMember;
      /** Added by the plan, for who tries a defence, rather than asked for by the file. */
      readonly generated?: true;
    } & SiblingTraits);

/** The entry of the file's `models:` that a model, of that name, stands for. */
export function entryOf(name: string, model: ModelEntry): string {
  return isSibling(model) ? (model.sweep?.entry ?? name) : name;
}

/** A model that is made of another, by the campaign or before. */
export type Sibling = Exclude<ModelEntry, { readonly kind: 'file' | 'endpoint' }>;

/** Whether a model is made of another: neither a file of its own nor an endpoint. */
export function isSibling(model: ModelEntry): model is Sibling {
  return model.kind !== 'file' && model.kind !== 'endpoint';
}

/** Whether a model of this name answers and no more: neither weights nor gradients are to be had of it. */
export function isBehindEndpoint(models: Campaign['models'], name: string): boolean {
  return models.get(name)?.kind === 'endpoint';
}

/** How much of a model's answers whoever may only ask it gets: attackers of a target, and who imitates it. */
export function offerOf(models: Campaign['models'], name: string): Offer {
  const entry = models.get(name);
  return entry === undefined || isSibling(entry) ? EVERYTHING : (entry.access ?? EVERYTHING);
}

/** Whether the plan added a model, rather than the file. */
export function isGenerated(model: ModelEntry): boolean {
  return isSibling(model) && model.generated === true;
}

/** One attack at one point of its swept parameters. */
export interface AttackEntry {
  readonly attack: string;
  /** Null where the file says nothing and the default depends on epsilon: cells have the numbers. */
  readonly parameters: Parameters;
  /** The attack runs on samples 0 … samples − 1; never more than the data set's. */
  readonly samples: number;
}

/** A published sibling that was unpaired, somewhere on its way, from a target. */
export interface Defence {
  readonly sibling: string;
  readonly target: string;
  /** Whether adaptive attackers are tried. */
  readonly adaptive: boolean;
}

/** The defences of a campaign, and the attacks that try them beside those of the file. */
export interface AdaptiveSection {
  readonly defences: readonly Defence[];
  readonly attacks: readonly AdaptiveAttack[];
}

/** One attack of an adaptive attacker at every epsilon, or of the control that it is compared with. */
export interface AdaptiveAttack extends AttackEntry {
  /** Which attacker, `imitation` for instance; `control` for a stranger's level. */
  readonly attacker: string;
  readonly defence: Defence;
  /** The model that is attacked: for the attacker who goes the other way, the sibling. */
  readonly target: string;
  readonly surrogate: Surrogate;
}

/** One sentence about one place in the campaign file, as BadRequest wants it. */
export interface Violation {
  /** `attacks[2].p-rgf.budget`, or `line 3, column 7` where the text is not YAML. */
  readonly field: string;
  /** The rest of the sentence, value included: `must be an integer of at least 1, got 0`. */
  readonly description: string;
  /** Line of the file, from 1, where it is known. */
  readonly line?: number;
}

/** The violation as one sentence: `attacks[2].p-rgf.budget must be an integer of at least 1, got 0.` */
export function violationSentence({ field, description }: Violation): string {
  return `${field} ${description}${description.endsWith('?') ? '' : '.'}`;
}
