import type { Content, Html } from '../html.js';
import { html, NOTHING } from '../html.js';
import { figuresHtml } from '../charts/figure.js';
import type { Drawing } from '../charts/group.js';

/** A part of the page, which the navigation names. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Nothing where the report has nothing to say of it: such a section is left out. */
  readonly body: Content;
}

export function sectionHtml({ id, title, body }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${body}
  </section> `;
}

export function isEmpty(content: Content): boolean {
  return String(html`${content}`).trim() === '';
}

/** Charts of one kind that are drawn: a page with more of them is neither read nor light. */
const DRAWN = 8;

/** The first charts, and how many there would be. */
export function chartsHtml(drawings: readonly Drawing[]): Content {
  if (drawings.length === 0) return NOTHING;
  const shown = drawings.slice(0, DRAWN).map((draw) => draw());
  const note =
    drawings.length > DRAWN
      ? html`<p class="soft">
          ${DRAWN} of ${drawings.length} charts are drawn, those with the smallest ε first; the table has
          every figure.
        </p> `
      : NOTHING;
  return [figuresHtml(shown), note];
}
