import type { Report } from '@unpair/campaign';
import type { Content } from '../html.js';
import { html } from '../html.js';

const PAPER = `@misc{hong2022publishing,
  title = {Publishing Efficient On-device Models Increases Adversarial Vulnerability},
  author = {Hong, Sanghyun and Carlini, Nicholas and Kurakin, Alexey},
  year = {2022},
  eprint = {2212.13700},
  archivePrefix = {arXiv}
}`;

/** How to name these results, and the paper with the finding. */
export function citeHtml({ name, integrity, provenance }: Report): Content {
  const { versions, finished, seed } = provenance;
  const parts = [
    `Unpair ${versions['unpair'] ?? ''}`.trim(),
    `campaign “${name}”`,
    `seed ${seed}`,
    ...(finished === null ? [] : [finished.slice(0, 10)]),
    `results SHA-256 ${integrity.resultsDigest}`,
  ];
  return html`<p>Name the results by their digest, by which a repetition is known:</p>
    <pre tabindex="0">${parts.join(', ')}</pre>
    <p>The finding that Unpair measures:</p>
    <pre tabindex="0">${PAPER}</pre> `;
}
