import type { Campaign } from '../campaign.js';
import { count, threat } from '../report/terminal/format.js';
import { wrap } from '../report/terminal/wrap.js';
import type { Forecast } from './forecast.js';

/** Names that are listed before the rest is counted. */
const NAMED = 6;

/** Columns before what a word stands for. */
const INDENT = 9;

export interface ForecastTextOptions {
  /** Columns of the screen. */
  readonly width: number;
  /** How long it will take, where that is known. */
  readonly takes?: string;
}

/** What a campaign will do and lack, in lines of a word and what it stands for. */
export function forecastText(
  campaign: Campaign,
  foreseen: Forecast,
  { width, takes = '' }: ForecastTextOptions,
): string {
  const { missing } = foreseen;
  const lines = [
    ['tasks', tasksOf(foreseen)],
    ['samples', `${count(campaign.dataset.samples)} of ${campaign.dataset.source}`],
    ['attacks', attacksOf(campaign, foreseen)],
    ['makes', listed(foreseen.made.map(({ model, recipe }) => `${model} (${recipe})`))],
    ['asks', queriesOf(campaign, foreseen)],
    ['takes', takes],
    ...missing.map((sentence, at) => [at === 0 ? 'lacks' : '', sentence]),
  ];
  return lines
    .filter(([, text]) => text !== '')
    .flatMap(([word = '', text = '']) =>
      wrap(text, width - INDENT).map((line, at) => (at === 0 ? word : '').padEnd(INDENT) + line),
    )
    .join('\n');
}

function tasksOf({ tasks, stages: { derive, measure, attack } }: Forecast): string {
  const parts = [
    derive === 0 ? '' : `${count(derive)} making models`,
    measure === 0 ? '' : `${count(measure)} measuring`,
    attack === 0 ? '' : `${count(attack)} attacking`,
  ].filter((part) => part !== '');
  return `${count(tasks)}: ${parts.join(', ')}`;
}

function attacksOf({ targets, threat: { norm, epsilons } }: Campaign, { cells }: Forecast): string {
  if (cells.all === 0) return '';
  const added = cells.adaptive === 0 ? '' : `, ${count(cells.adaptive)} of them by who knows of a defence`;
  const within = epsilons.map((epsilon) => threat(norm, epsilon)).join(', ');
  return `on ${listed(targets.map(({ model }) => model))} at ε ${within}, in ${count(cells.all)} cells${added}`;
}

function queriesOf({ maxQueries }: Campaign, { queries }: Forecast): string {
  const asked = queries.filter(({ most }) => most > 0);
  if (asked.length === 0) return '';
  const cap = maxQueries === undefined ? '' : `; maxQueries keeps all within ${count(maxQueries)}`;
  return `${listed(asked.map(({ target, most }) => `${target} up to ${count(most)} times`))}${cap}`;
}

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (rest > 0 ? ` and ${count(rest)} more` : '');
}
