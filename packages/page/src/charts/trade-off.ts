import * as Plot from '@observablehq/plot';
import type { DefenceReport, Report, TradeOffExposure, TradeOffPoint } from '@unpair/campaign';
import type { Figure } from './figure.js';
import { colour } from './figure.js';
import type { Drawing } from './group.js';
import { byThreat, threatText } from './group.js';
import { draw } from './plot.js';

/** A chart with more points names only those on the frontier and the cures. */
const NAMED = 8;

type Role = 'sibling' | 'cure' | 'stranger';

interface Point {
  readonly surrogate: string;
  readonly role: Role;
  /** In percent. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  readonly exposure: number;
}

/** What a chart has on its y axis: the more, the worse for the owner of the target. */
interface Kind {
  readonly of: (exposure: TradeOffExposure) => number | null;
  readonly caption: string;
  readonly axis: Plot.ScaleOptions;
}

const KINDS: readonly Kind[] = [
  {
    of: ({ transfer }) => (transfer === null ? null : transfer * 100),
    caption: 'the mean share of samples fooled without a query',
    axis: { label: 'fooled, in percent', domain: [-12, 112], ticks: 5 },
  },
  {
    of: ({ queryRatio }) => (queryRatio === null || queryRatio <= 0 ? null : 1 / queryRatio),
    caption: 'how many times fewer queries it saves as a prior',
    axis: { label: 'times fewer queries', type: 'log', ticks: 4, tickFormat: (value: number) => `${value}×` },
  },
];

/** Accuracy of each model against what it gives away: two charts for each target and epsilon. */
export function tradeOffs({ tradeOff, defence, verdict }: Report): readonly Drawing[] {
  const roles = new Map(
    verdict.evidence.map(({ target, surrogate, role }) => [`${target} ${surrogate}`, role]),
  );
  const entries = tradeOff.flatMap((point) =>
    point.exposure.map((exposure) => ({ ...exposure, target: point.target, point })),
  );
  return byThreat(entries).flatMap((group) =>
    KINDS.flatMap((kind) => {
      const points = group.flatMap(({ point, ...exposure }) => {
        const role = point.defended ? 'cure' : (roles.get(`${point.target} ${point.surrogate}`) ?? 'sibling');
        return pointOf(point, kind.of(exposure), role);
      });
      const [first] = group;
      if (first === undefined || points.length < 2) return [];
      return [() => chart(kind, threatText(first), points, curesOf(defence, first.target))];
    }),
  );
}

function pointOf(
  { surrogate, accuracy }: TradeOffPoint,
  exposure: number | null,
  role: Role,
): readonly Point[] {
  if (accuracy === null || exposure === null) return [];
  const [value, low, high] = [accuracy.value, accuracy.low, accuracy.high].map((share) => share * 100) as [
    number,
    number,
    number,
  ];
  return [{ surrogate, role, accuracy: value, low, high, exposure }];
}

/** Cures, by what would have been published without them. */
function curesOf(defence: readonly DefenceReport[], of: string): ReadonlyMap<string, string> {
  return new Map(
    defence.flatMap(({ target, surrogate, undefended }) =>
      target === of && undefended !== null ? [[surrogate, undefended] as const] : [],
    ),
  );
}

function chart(
  { caption, axis }: Kind,
  of: string,
  points: readonly Point[],
  cures: ReadonlyMap<string, string>,
): Figure {
  const text = `Accuracy against ${caption}, attacking ${of}; right and low is best for who publishes`;
  const best = frontier(points);
  const named =
    points.length <= NAMED ? points : points.filter((point) => best.includes(point) || isCure(point));
  return {
    caption: text,
    svg: draw(text, {
      ...{ height: 320, marginLeft: 46, marginRight: 24, marginBottom: 40, marginTop: 24 },
      x: { label: 'accuracy in percent', grid: true, ticks: 5, inset: 30 },
      y: { ...axis, grid: true, ...(axis.type === 'log' ? { inset: 24 } : {}) },
      marks: [
        Plot.line(best, { ...AT, curve: 'step-before', strokeDasharray: '4 4', stroke: 'currentColor' }),
        Plot.link(points, {
          ...{ x1: 'low', x2: 'high', y1: 'exposure', y2: 'exposure', stroke: colourOf, strokeOpacity: 0.35 },
          strokeWidth: 2,
        }),
        Plot.arrow(changes(points, cures), {
          ...{ x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', bend: true, inset: 8, stroke: 'currentColor' },
        }),
        Plot.dot(points, { ...AT, r: 6, fill: colourOf, symbol: symbolOf, stroke: 'var(--paper)' }),
        // Arrows come to cures from above.
        Plot.text(named.filter(isCure), { ...LABEL, dy: 15 }),
        Plot.text(
          named.filter((point) => !isCure(point)),
          { ...LABEL, dy: -14 },
        ),
      ],
    }),
  };
}

const AT = { x: 'accuracy', y: 'exposure' } as const;
const LABEL = {
  x: 'accuracy',
  y: 'exposure',
  text: labelOf,
  fill: 'currentColor',
  stroke: 'var(--paper)',
  strokeWidth: 4,
  lineWidth: 14,
  textOverflow: 'ellipsis-middle',
} as const;
const COLOURS: Readonly<Record<Role, string>> = { sibling: colour(1), cure: colour(3), stranger: colour(2) };

function isCure({ role }: Point): boolean {
  return role === 'cure';
}

function colourOf({ role }: Point): string {
  return COLOURS[role];
}

function symbolOf({ role }: Point): string {
  return role === 'cure' ? 'star' : role === 'stranger' ? 'diamond' : 'circle';
}

function labelOf({ role, surrogate }: Point): string {
  return role === 'stranger' ? `(${surrogate})` : surrogate;
}

/** Points than which none is both as accurate and less exposed, by accuracy. */
function frontier(points: readonly Point[]): readonly Point[] {
  const sorted = [...points].sort((a, b) => b.accuracy - a.accuracy || a.exposure - b.exposure);
  let least = Infinity;
  const best = sorted.filter(({ exposure }) => {
    if (exposure >= least) return false;
    least = exposure;
    return true;
  });
  return best.reverse();
}

/** From what would have been published to its cure. */
function changes(points: readonly Point[], cures: ReadonlyMap<string, string>): readonly Change[] {
  const byName = new Map(points.map((point) => [point.surrogate, point]));
  return [...cures].flatMap(([cure, undefended]) => {
    const [from, to] = [byName.get(undefended), byName.get(cure)];
    if (from === undefined || to === undefined) return [];
    return [{ x1: from.accuracy, y1: from.exposure, x2: to.accuracy, y2: to.exposure }];
  });
}

interface Change {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}
