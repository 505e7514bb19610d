import * as Plot from '@observablehq/plot';
import type { ExplainedPoint, ExplanationReport, Report } from '@unpair/campaign';
import { canonicalJson, COSINE, explainedPoints, threat } from '@unpair/campaign';
import type { Figure } from './figure.js';
import { colour } from './figure.js';
import type { Drawing } from './group.js';
import { labelIn } from './heat-map.js';
import { draw } from './plot.js';

/** Of fewer, a cloud of points says nothing. */
const LEAST_POINTS = 3;
/** Of more, names hide each other. */
const MOST_NAMED = 6;

interface Pair {
  readonly cosine: number;
  readonly outcome: number;
  readonly surrogate: string;
  readonly name: string;
}

/** Similarity of gradients against what attacks gain by it, over pairs of models: a chart for each attack. */
export function explanationCharts(report: Report): readonly Drawing[] {
  const points = explainedPoints({
    similarity: report.similarity.filter(({ surrogate, target }) => !surrogate.split('+').includes(target)),
    attacks: report.attacks.filter(({ adaptive }) => !adaptive),
    amplification: report.amplification,
  });
  const label = labelIn(report.attacks);
  const explained = new Map(report.explanation.map((entry) => [keyOf(entry), entry]));
  return points
    .filter(({ observations }) => observations.length >= LEAST_POINTS)
    .sort((a, b) => a.attack.epsilon - b.attack.epsilon)
    .map((point) => () => chart(point, explained.get(keyOf(point.attack)), label(point.attack)));
}

function keyOf({
  attack,
  parameters,
  norm,
  epsilon,
}: Omit<ExplanationReport, 'outcome'> | ExplainedPoint['attack']): string {
  return canonicalJson([attack, { ...parameters }, norm, epsilon]);
}

function chart(
  { attack, observations }: ExplainedPoint,
  explanation: ExplanationReport | undefined,
  name: string,
): Figure {
  const isSearch = attack.queries !== null;
  const what = isSearch
    ? 'times fewer queries it needs with the model as prior'
    : 'samples it fools without a query';
  const caption = `Cosine of input gradients against ${what}: ${name} at ε ${threat(attack.norm, attack.epsilon)}. ${fitText(explanation, observations.length)}`;
  const pairs = observations.map(({ pair, outcome }) => ({
    cosine: pair.gradientCosine.mean,
    outcome: isSearch ? outcome : outcome * 100,
    surrogate: pair.surrogate,
    name: `${pair.surrogate}, ${pair.target}`,
  }));
  return { caption, svg: drawn(caption, pairs, isSearch, (explanation?.measures ?? null) !== null) };
}

/** What the report says of the straight line, with the numbers of the table. */
function fitText(explanation: ExplanationReport | undefined, pairs: number): string {
  const measure = explanation?.measures?.find((each) => each.measure === COSINE.name);
  if (measure?.spearman == null) return `${pairs} pairs, too few for a regression`;
  const { rho, low, high } = measure.spearman;
  const share =
    measure.rSquared === null ? '' : `; the line explains ${(measure.rSquared * 100).toFixed(0)} %`;
  return `Over ${measure.pairs} pairs, Spearman’s ρ ${rho.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]${share}`;
}

function drawn(label: string, pairs: readonly Pair[], isSearch: boolean, hasLine: boolean): Figure['svg'] {
  const outcomes = pairs.map(({ outcome }) => outcome);
  const pad = 0.2 * (Math.max(...outcomes) - Math.min(...outcomes)) + (isSearch ? 0.05 : 2);
  const domain = [Math.min(...outcomes) - pad, Math.max(...outcomes) + pad];
  const at = { x: 'cosine', y: 'outcome' } as const;
  return draw(label, {
    ...{ height: 280, marginLeft: 50, marginRight: 16, marginBottom: 40 },
    x: { label: 'cosine of input gradients', grid: true, ticks: 5, inset: 50 },
    y: {
      ...{ domain, grid: true, ticks: 5, label: isSearch ? 'times fewer queries' : 'fooled, in percent' },
      ...(isSearch ? { tickFormat: (value: number) => `${Number((10 ** value).toPrecision(2))}×` } : {}),
    },
    marks: [
      ...(hasLine
        ? [Plot.linearRegressionY(pairs, { ...at, ci: 0, stroke: colour(2), strokeWidth: 2 })]
        : []),
      Plot.dot(pairs, { ...at, r: 4, fill: colour(1), fillOpacity: 0.8, title: 'name' }),
      Plot.text(pairs.length <= MOST_NAMED ? pairs : [], {
        ...{ ...at, text: 'surrogate', dy: -12, lineWidth: 12, textOverflow: 'ellipsis-middle' },
        ...{ fill: 'currentColor', stroke: 'var(--paper)', strokeWidth: 4 },
      }),
    ],
  });
}
