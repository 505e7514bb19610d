import type { Campaign } from '../../src/index.js';
import { parseCampaign, violationSentence } from '../../src/index.js';

/** What a test may say differently of the file. */
export interface DefendFile {
  readonly models?: string;
  readonly targets?: string;
  readonly surrogates?: string;
  readonly epsilon?: string;
  readonly attacks?: string;
  readonly samples?: number;
  readonly threat?: string;
}

const MODELS = `
  tuned: { unpair: { of: full, from: full } }
  int8-unpaired: { quantize: { of: tuned } }`;
const ATTACKS = `[pgd: { steps: 10 }, rgf: { budget: 300 }, { p-rgf: { budget: 300 }, firstSamples: FIRST }]`;

/** A campaign with a defended sibling, its undefended counterpart and a stranger. */
export function defendFile({
  models = MODELS,
  targets = '[full]',
  surrogates = '[int8, int8-unpaired, stranger]',
  epsilon = '[4/255, 8/255]',
  attacks = ATTACKS,
  samples = 600,
  threat = 'norm: linf',
}: DefendFile = {}): string {
  return `name: defend
seed: 3
dataset: { source: cifar10, samples: ${samples} }
models:
  full: { file: full.onnx }
  stranger: { file: stranger.onnx }
  int8: { quantize: { of: full } }${models}
targets: ${targets}
surrogates: ${surrogates}
threat: { ${threat}, epsilon: ${epsilon} }
attacks: ${attacks.replace('FIRST', String(Math.min(40, samples)))}
`;
}

export function defend(file: DefendFile = {}): Campaign {
  const parsed = parseCampaign(defendFile(file));
  if (!parsed.ok) throw new Error(parsed.violations.map(violationSentence).join(' '));
  return parsed.campaign;
}
