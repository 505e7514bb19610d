import type { Campaign } from '../src/index.js';
import { campaignWith, sentencesWith } from './fixtures.js';

/** Models, not indented, that are swept beside `full` and `stranger`, and where the file names them. */
export interface Parts {
  readonly models: string;
  readonly targets?: string;
  readonly surrogates?: string;
}

/** An entry that stands for two models. */
export const UNPAIRED =
  'unpaired: { unpair: { of: full, from: full, adversarial: [0.1, 0.2], adaptive: false } }';

export function campaignOf({ models, ...names }: Parts): Campaign {
  return campaignWith(besideStranger(models), names);
}

export function sentences({ models, ...names }: Parts): readonly string[] {
  return sentencesWith(besideStranger(models), names);
}

/** The models that the file adds to full and stranger. */
export function namesOf(models: string): readonly string[] {
  return [...campaignOf({ models }).models.keys()].slice(2);
}

function besideStranger(models: string): string {
  return `  stranger: { file: stranger.onnx }\n${models.replace(/^/gm, '  ')}`;
}
