import type { Content, Html } from '../html.js';
import { html } from '../html.js';

/** A chart and what is said of it. */
export interface Figure {
  /** What it shows, in one sentence, also read out. */
  readonly caption: string;
  readonly svg: Html;
  /** What its colours and lines stand for. */
  readonly key?: readonly KeyEntry[];
}

export interface KeyEntry {
  readonly name: string;
  /** Index of the series. */
  readonly series: number;
}

/** Charts side by side as far as there is room. */
export function figuresHtml(figures: readonly Figure[]): Content {
  if (figures.length === 0) return [];
  return html`<div class="charts">${figures.map(figureHtml)}</div> `;
}

function figureHtml({ caption, svg, key = [] }: Figure): Html {
  return html`<figure>
    <figcaption>${caption}</figcaption>
    ${
      key.length === 0
        ? ''
        : html`<ul class="key">
            ${key.map(keyHtml)}
          </ul>`
    }${svg}
  </figure> `;
}

function keyHtml({ name, series }: KeyEntry): Html {
  return html`<li>
    <svg width="30" height="10" aria-hidden="true">
      <path
        d="M1 5H29"
        class="s${series}"
        stroke="${colour(series)}"
        stroke-dasharray="${dash(series)}"
        stroke-width="2.5"
      />
    </svg>
    ${name}
  </li>`;
}

const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '12 3', '1 2', '6 2 1 2 1 2'];

/** Lines of a series are told apart by colour and, for those who cannot, by their dashes. */
export function dash(series: number): string {
  return DASHES[series % DASHES.length] ?? '';
}

/** Series 0 is the baseline and has the colour of text. */
export function colour(series: number): string {
  return `var(--s${series % SERIES})`;
}

/** Different series; what a chart has more is left to its table. */
export const SERIES = 8;
