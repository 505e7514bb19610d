import type { TableText } from '@unpair/campaign';
import type { Content, Html } from './html.js';
import { html, NOTHING } from './html.js';

/** Tables up to this size are open. */
const OPEN_ROWS = 12;

/** A table that opens with a click where it is long; nothing without rows. */
export function tableHtml({ title, columns, rows }: TableText): Html {
  if (rows.length === 0) return NOTHING;
  return html`<details${rows.length <= OPEN_ROWS ? html` open` : ''}><summary>${title}: ${rows.length} ${rows.length === 1 ? 'row' : 'rows'}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="${alignments(columns)}"><thead><tr>${columns.map(heading)}</tr></thead><tbody>
${rows.map(
  (row) =>
    html`<tr>
      ${row.map(cell)}
    </tr> `,
)}</tbody></table></div></details>
`;
}

function heading({ title }: TableText['columns'][number]): Content {
  // A heading of nothing is a cell.
  return title === '' ? html`<td></td>` : html`<th scope="col">${title}</th>`;
}

function cell(text: string, at: number): Content {
  return at === 0 ? html`<th scope="row">${text}</th>` : html`<td>${text}</td>`;
}

/** One class for each column with numbers, which saves a class on each of their cells. */
function alignments(columns: TableText['columns']): string {
  return columns.flatMap(({ align }, at) => (align === 'right' ? [`r${at + 1}`] : [])).join(' ');
}

/** The style of those classes, for so many columns. */
export function alignmentStyle(columns = 24): string {
  return Array.from({ length: columns }, (_, at) => `.r${at + 1} tr>:nth-child(${at + 1})`).join(',');
}
