import type { TableText } from '@unpair/campaign';
import { count } from '@unpair/campaign';
import type { Content } from './html.js';
import { Html, html, NOTHING } from './html.js';

/** Tables up to this size are open. */
const OPEN_ROWS = 12;
/** More of them nobody reads on a page, which would take megabytes. */
const MOST_ROWS = 1500;

/** A table that opens with a click where it is long; nothing without rows. */
export function tableHtml({ title, columns, rows }: TableText): Html {
  if (rows.length === 0) return NOTHING;
  const open = rows.length <= OPEN_ROWS ? html`open` : NOTHING;
  return html`<details ${open}>
    <summary>${title}: ${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}</summary>
    <div class="scroll" tabindex="0" role="region" aria-label="Table: ${title}">
      <table class="${alignments(columns)}">
        <thead>
          <tr>
            ${columns.map(heading)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, MOST_ROWS).map((row) => [ROW, row.map(cell)])}
        </tbody>
      </table>
    </div>
    ${rows.length > MOST_ROWS ? html`<p class="soft">The first ${MOST_ROWS} are shown; report.json has all.</p>` : NOTHING}
  </details> `;
}

/*
 * Most of a large page is cells, so they are written in as few bytes as HTML allows: their ends may be left out.
 */
const ROW = new Html('\n<tr>');
const HEAD = new Html('<th scope=row>');
const CELL = new Html('<td>');

function cell(text: string, at: number): Content {
  return [at === 0 ? HEAD : CELL, text];
}

function heading({ title }: TableText['columns'][number]): Content {
  // A heading of nothing is a cell.
  return title === '' ? html`<td></td>` : html`<th scope="col">${title}</th>`;
}

/** One class for each column with numbers, which saves a class on each of their cells. */
function alignments(columns: TableText['columns']): string {
  return columns.flatMap(({ align }, at) => (align === 'right' ? [`r${at + 1}`] : [])).join(' ');
}

/** The style of those classes, for so many columns. */
export function alignmentStyle(columns = 24): string {
  return Array.from({ length: columns }, (_, at) => `.r${at + 1} tr>:nth-child(${at + 1})`).join(',');
}
