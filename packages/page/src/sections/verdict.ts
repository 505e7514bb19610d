import type { Report, Verdict } from '@unpair/campaign';
import { evidenceTables } from '@unpair/campaign';
import type { Content } from '../html.js';
import { html, NOTHING } from '../html.js';
import { tableHtml } from '../table.js';

type Finding = Verdict['exposure'][number] | Verdict['cures'][number];

/** Levels that are bad news, and good: colour is beside the words, never instead of them. */
const TONES: Readonly<Record<Finding['level'], 'bad' | 'good' | ''>> = {
  'given away': 'bad',
  helps: 'bad',
  fails: 'bad',
  'as a stranger': 'good',
  'not shown': '',
  stands: 'good',
  unknown: '',
  unproven: '',
};

/** What it all comes to, in the words of the terminal. */
export function verdictHtml({ verdict }: Report): Content {
  const { asked, exposure, cures, cautions, next } = verdict;
  return [
    html`<p class="asked">${asked}</p>
      <h2>Verdict</h2> `,
    [...exposure, ...cures].map(findingHtml),
    evidenceTables(verdict).map(tableHtml),
    listHtml('Trust it less, for', cautions),
    listHtml('Next', next),
  ];
}

function findingHtml({ level, sentences: [headline = '', ...rest] }: Finding): Content {
  return html`<article class="finding ${TONES[level]}">
    <span class="level">${level}</span>
    <h3>${prose(headline)}</h3>
    ${rest.map((sentence) => html`<p>${prose(sentence)}</p>`)}
  </article> `;
}

function listHtml(title: string, sentences: readonly string[]): Content {
  if (sentences.length === 0) return NOTHING;
  return html`<h3>${title}</h3>
    <ul>
      ${sentences.map((sentence) => html`<li>${prose(sentence)}</li>`)}
    </ul> `;
}

/** A sentence whose percent signs stay with their numbers. */
function prose(sentence: string): string {
  return sentence.replaceAll(' %', '\u00a0%');
}
