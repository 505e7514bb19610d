import type { Report, TableText } from '@unpair/campaign';
import { defenceLegend, defenceSentence } from '@unpair/campaign';
import type { Content } from '../html.js';
import { html, NOTHING } from '../html.js';
import { tableHtml } from '../table.js';

/** What was done against attackers, whether it holds, and the attacks that say so. */
export function defenceHtml({ defence }: Report, tables: readonly TableText[]): Content {
  const legend = defenceLegend(defence);
  return [
    defence.map((entry) => {
      const sentences = [...entry.failed, ...entry.untested];
      const list =
        sentences.length === 0
          ? NOTHING
          : html`<ul>
              ${sentences.map((text) => html`<li>${text}</li>`)}
            </ul>`;
      return html`<p>${defenceSentence(entry)}</p>
        ${list} `;
    }),
    tables.map(tableHtml),
    legend === '' ? NOTHING : html`<p class="soft">${legend}</p> `,
  ];
}
