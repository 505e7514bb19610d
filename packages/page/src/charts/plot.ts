import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Html, html } from '../html.js';

/** Width of a chart in its own units: about a phone, so that texts stay legible on one. */
export const WIDTH = 440;

/** Coordinates with more digits than a screen has. */
const LONG_NUMBERS = /-?\d+\.\d{2,}(?=[,)" LMHVCZ])/g;

/**
 * Draws a chart as SVG, without a browser.
 * @param label what a screen reader says of it
 */
export function draw(label: string, options: Plot.PlotOptions): Html {
  // Plot's types speak of a browser's DOM, which this program is compiled without.
  const { document } = parseHTML('<html></html>') as unknown as { document: never };
  const svg = Plot.plot({
    document,
    width: WIDTH,
    className: 'plot',
    style: { fontSize: '13px' },
    ...options,
  }) as unknown as SvgElement;
  // The page has that style once.
  svg.querySelector('style')?.remove();
  const [, rest = ''] = shortened(svg.outerHTML).split(/^<svg /);
  return new Html(`${html`<svg role="img" aria-label="${label}" `.text}${rest}`);
}

interface SvgElement {
  readonly outerHTML: string;
  querySelector(selector: string): { remove(): void } | null;
}

/** What Plot says of parts, which nobody is told: the whole chart is one image with one label. */
const PART_LABELS = / aria-[a-z]+="[^"]*"/g;

/** Rounds coordinates within tags; texts stay. */
function shortened(svg: string): string {
  return svg.replace(/<[^>]*>/g, (tag) =>
    tag.replace(PART_LABELS, '').replace(LONG_NUMBERS, (number) => String(Number(Number(number).toFixed(1)))),
  );
}
