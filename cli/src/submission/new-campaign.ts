import type { Campaign } from '@unpair/campaign';
import { parseCampaign } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
import type { ModelOptions } from '@unpair/graph';

import type { Trial } from '../models/try-preprocessing.js';

/** A model file, and what was found out about it. */
export interface FoundModel {
  /** Relative to the campaign file. */
  readonly path: string;
  readonly trial: Trial;
  /** Other preprocessings with which it does about as well. */
  readonly rivals: readonly Trial[];
}

/** What is said of those: which one it is, the model's training tells. */
export function rivalText(rivals: readonly Trial[]): string {
  if (rivals.length === 0) return '';
  const counted = rivals.map(({ name, correct }) => `${correct} with ${name}`).join(', ');
  return `, and on ${counted}: say which one it was trained with`;
}

export interface NewDataset {
  readonly source: string;
  readonly samples: number;
  readonly size: number | undefined;
}

export interface NewCampaign {
  readonly name: string;
  /** Where it is written. */
  readonly file: string;
  readonly dataset: NewDataset;
  /** The private model and, where there is one, what was published of it. */
  readonly models: readonly FoundModel[];
}

/** A campaign file with comments that say what each part is for: exposure of a model by one sibling. */
export function newCampaign({ name, file, dataset, models }: NewCampaign): string {
  const [full, published] = models;
  const sibling = published === undefined ? 'int8' : 'published';
  const { source, samples, size } = dataset;
  const searched = Math.min(samples, SEARCHED);
  return `# How much easier is the private model "full" to attack, once "${sibling}" is published?
# "unpair plan ${file}" says what this takes, "unpair run ${file}" runs it. Every key: docs/campaign-file.md.
name: ${quoted(name)}
seed: 7 # every random draw derives from it
dataset: { source: ${quoted(source)}, samples: ${samples}${size === undefined ? '' : `, size: ${size}`} }
models:
${full === undefined ? '' : modelEntry('full', full)}${
    published === undefined
      ? '  int8: { quantize: { of: full } } # what would be published: 8 bits, calibrated on training samples\n'
      : modelEntry('published', published, 'full')
  }  # A model of the same task that was trained on its own says how much of the help is the sibling's:
  # stranger: { file: stranger.onnx }
targets: [full]
surrogates: [${sibling}] # and stranger
threat: { norm: linf, epsilon: [4/255, 8/255] } # how far each pixel may change
attacks:
  - pgd # made on the surrogate, tried on the target: one query
  - rgf: { budget: 2000 } # asks the target alone, for up to so many queries: the baseline
    firstSamples: ${searched}
  - p-rgf: { budget: 2000 } # the same with the surrogate as prior
    firstSamples: ${searched}
`;
}

/** Samples that searches attack: each may take thousands of queries. */
const SEARCHED = 100;

/**
 * A line of `models`, with how the file did.
 * @param of the model that it was made of
 */
export function modelEntry(name: string, { path, trial, rivals }: FoundModel, of?: string): string {
  const options = optionsText(trial.options);
  const found = `right on ${trial.correct} of ${trial.samples} samples with ${trial.name}${rivalText(rivals)}`;
  const warning = trial.problem === undefined ? '' : `  # ${name} ${trial.problem}\n`;
  return `${warning}  ${name}: { file: ${quoted(path)}${of === undefined ? '' : `, of: ${of}`}${options} } # ${found}\n`;
}

function optionsText(options: ModelOptions): string {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`)
    .join('');
}

/** A text as YAML has it, whatever is in it. */
export function quoted(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** What a campaign file says that was written here. */
export function campaignOf(text: string): Campaign {
  const parsed = parseCampaign(text);
  if (parsed.ok) return parsed.campaign;
  throw new UnpairError(
    'INTERNAL',
    `what was written is no campaign file: ${JSON.stringify(parsed.violations)}`,
  );
}
