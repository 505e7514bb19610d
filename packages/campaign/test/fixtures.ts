import { BUILT_IN } from '../src/built-in.js';
import type { Campaign, Catalogue } from '../src/index.js';
import { parseCampaign, violationSentence } from '../src/index.js';

const budget = { type: 'integer', min: 1, default: 1000, description: '' } as const;

/** A small catalogue, so that sentences under test do not move with the real attacks' parameters. */
export const catalogue: Catalogue = {
  attacks: [
    {
      name: 'pgd',
      access: 'labels',
      needsSurrogate: true,
      budget: null,
      norms: ['linf', 'l2'],
      goals: ['avoid', 'reach'],
      parameters: {
        steps: { type: 'integer', min: 1, max: 1000, default: 10, description: '' },
        stepSize: {
          type: 'pixels',
          default: null,
          derived: { text: 'epsilon / 4', of: ({ epsilon }) => epsilon / 4 },
          description: '',
        },
        randomStart: { type: 'boolean', default: true, description: '' },
      },
    },
    {
      name: 'mi-fgsm',
      access: 'labels',
      needsSurrogate: true,
      budget: null,
      norms: ['linf'],
      goals: ['avoid'],
      parameters: { momentum: { type: 'number', min: 0, default: 1, description: '' } },
    },
    {
      name: 'rgf',
      access: 'logits',
      needsSurrogate: false,
      budget: 'budget',
      norms: ['linf', 'l2'],
      goals: ['avoid', 'reach'],
      parameters: { budget },
    },
    {
      name: 'p-rgf',
      access: 'logits',
      needsSurrogate: true,
      budget: 'budget',
      withoutPrior: 'rgf',
      norms: ['linf', 'l2'],
      goals: ['avoid', 'reach'],
      parameters: { budget },
    },
  ],
  siblings: [
    {
      name: 'quantize',
      maker: 'publisher',
      demand: () => ({ needed: 0, parameter: 'weights', wanted: 64 }),
      parameters: { weights: { type: 'integer', min: 2, max: 8, default: 8, description: '' } },
    },
  ],
};

/** A valid file; tests replace parts of it. */
export const valid = `
name: tiny
seed: 7
dataset: { source: cifar10, samples: 60 }
models:
  full: { file: full.onnx }
  int8: { quantize: { of: full } }
  stranger: { file: stranger.onnx }
targets: [full]
surrogates: [int8, stranger]
threat: { epsilon: 8/255 }
attacks:
  - pgd: { steps: [10, 40] }
  - rgf: { budget: 500 }
  - p-rgf: { budget: 500 }
`;

export function parsed(text: string, words = catalogue): Campaign {
  const result = parseCampaign(text, words);
  if (!result.ok) throw new Error(result.violations.map(violationSentence).join(' '));
  return result.campaign;
}

export function sentences(text: string, words = catalogue): readonly string[] {
  const result = parseCampaign(text, words);
  return result.ok ? [] : result.violations.map(violationSentence);
}

/** The valid file with the line that starts with `key:` (and what hangs below it) replaced. */
export function withSection(key: string, replacement: string): string {
  const section = new RegExp(`^${key}:.*\\n(?:[ -].*\\n)*`, 'm');
  if (!section.test(valid)) throw new Error(`the valid file has no ${key}`);
  return valid.replace(section, replacement === '' ? '' : `${replacement}\n`);
}

interface Sections {
  readonly dataset?: string;
  readonly targets?: string;
  readonly surrogates?: string;
}

/** A file around some models, which are indented, beside the file `full`. */
export function fileWith(models: string, sections: Sections = {}): string {
  const {
    dataset = '{ source: cifar10, samples: 10 }',
    targets = '[full]',
    surrogates = '[full]',
  } = sections;
  return `name: small
dataset: ${dataset}
models:
  full: { file: full.onnx }
${models}
targets: ${targets}
surrogates: ${surrogates}
threat: { epsilon: 8/255 }
attacks: [pgd]
`;
}

/** The campaign of such a file, in the words that campaign files really have. */
export function campaignWith(models: string, sections?: Sections): Campaign {
  return parsed(fileWith(models, sections), BUILT_IN);
}

/** What is wrong with such a file. */
export function sentencesWith(models: string, sections?: Sections): readonly string[] {
  return sentences(fileWith(models, sections), BUILT_IN);
}
