import type { Findings } from '../submission/find-models.js';
import { modelEntry, quoted } from '../submission/new-campaign.js';
import type { Depth } from './depth.js';

/** Names of the models from files: the private one, the sibling, and what was trained on its own. */
export const FILES = ['full', 'published', 'stranger'] as const;
/** Names of the models that are made to be published, of `published` and of `stranger`. */
export const CURES = ['cured', 'stranger-cured'] as const;

/**
 * A campaign that asks what a sibling gives away, makes cured ones and has them attacked.
 * @param findings of the private model, the sibling and, where there is one, a network that was trained on its own
 */
export function adviceCampaign(
  { dataset: { source, size, samples }, isDivided, models }: Findings,
  depth: Depth,
  { name, file }: { readonly name: string; readonly file: string },
): string {
  const count = Math.min(depth.samples, isDivided ? samples : Math.floor(samples / 2));
  const published = models.slice(1);
  const cures = depth.cure === null ? [] : published.map((_, index) => CURES[index] ?? '');
  const surrogates = [...published.map((_, index) => FILES[index + 1] ?? ''), ...cures];
  const searched = Math.min(depth.searched, count);
  return `# What does "published" give away about "full", and what could be published in its place? Written by "unpair advise".
# "unpair run ${file}" runs it as well. Every key: docs/campaign-file.md.
name: ${quoted(name)}
seed: 7
dataset: { source: ${quoted(source)}, samples: ${count}${size === undefined ? '' : `, size: ${size}`} }
models:
${models.map((model, index) => modelEntry(FILES[index] ?? '', model, index === 1 ? 'full' : undefined)).join('')}${cureEntries(depth, cures)}targets: [full]
surrogates: [${surrogates.join(', ')}]
similarity: { perturbed: false }
threat: { norm: linf, epsilon: [${depth.epsilons.join(', ')}] }
attacks:
  - pgd
  - mi-fgsm
  - rgf: { budget: ${depth.budget} } # asks the target alone: the baseline
    firstSamples: ${searched}
  - p-rgf: { budget: ${depth.budget} } # the same with a published model as prior
    firstSamples: ${searched}
`;
}

/** The ways that docs/unpairing.md recommends: what was trained on its own is taught by its own answers. */
function cureEntries({ cure }: Depth, cures: readonly string[]): string {
  if (cure === null) return '';
  const rest = `epochs: ${cure.epochs}${cure.adaptive ? '' : ', adaptive: false'}`;
  const ways = [
    `of: published, from: full, ${rest}`,
    `of: stranger, from: full, teacher: of, adversarial: 0.3, epsilon: 8/255, rate: 0.01, temperature: 4, ${rest}`,
  ];
  return cures.map((name, index) => `  ${name}: { unpair: { ${ways[index] ?? ''} } }\n`).join('');
}
