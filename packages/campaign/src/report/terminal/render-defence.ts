import type { AdaptiveReport, DefenceReport, ExposureReport, Level } from '../defence/types.js';
import { defenceSentence } from '../defence/sentence.js';
import type { Report } from '../report.js';
import { boundSign, count, NONE, percent, share, threat } from './format.js';
import { sweptLabels } from './swept.js';
import type { Column, TableText, TerminalStyle } from './table.js';
import { dim, tableOf } from './table.js';
import { wrap } from './wrap.js';

/** What defences cost and take away, and what adaptive attackers come to. */
export function defenceTables(defence: readonly DefenceReport[]): readonly TableText[] {
  const exposure = defence.flatMap((of) => of.exposure.map((entry) => ({ of, entry })));
  const adaptive = adaptiveRows(defence);
  const costs = defence.filter(({ accuracy }) => accuracy !== null);
  return [
    tableOf('Defence: accuracy', costs, accuracyColumns(defence)),
    tableOf('Defence: exposure', exposure, exposureColumns(exposure)),
    tableOf('Adaptive attackers', adaptive, adaptiveColumns(adaptive)),
  ];
}

/** A verdict on each defence, and what their tables need explained; nothing without any. */
export function defenceLines({ defence }: Report, style: TerminalStyle): readonly string[] {
  const legend = defenceLegend(defence);
  return [
    ...defence.flatMap((entry) => verdict(entry, style)),
    ...(legend === '' ? [] : [...wrap(legend, style.width).map((line) => dim(line, style)), '']),
  ];
}

function adaptiveRows(defence: readonly DefenceReport[]): readonly Row<AdaptiveReport>[] {
  return defence.flatMap((of) => of.adaptive.map((entry) => ({ of, entry })));
}

const QUERIES_LEGEND = '"of queries": median queries with the surrogate as prior, of those without prior.';
const FURTHER_LEGEND =
  '"further": than the same attack through the stranger where it comes furthest, by more than the interval of their difference.';
const IMITATION_LEGEND = 'Imitations are held against strangers that imitate with as many queries as well.';

/** What the tables of defences need explained; empty without rows. */
export function defenceLegend(defence: readonly DefenceReport[]): string {
  const adaptive = adaptiveRows(defence);
  if (adaptive.length === 0 && defence.every(({ exposure }) => exposure.length === 0)) return '';
  const hasImitations = adaptive.some(({ entry }) => entry.attacker === 'imitation');
  const further = adaptive.length > 0 ? [FURTHER_LEGEND] : [];
  return [QUERIES_LEGEND, ...further, ...(hasImitations ? [IMITATION_LEGEND] : [])].join(' ');
}

interface Row<T> {
  readonly of: DefenceReport;
  readonly entry: T;
}

/** Which defence a row is about; the target only where there are several. */
function defenceColumns(defences: readonly DefenceReport[]): readonly Column<DefenceReport>[] {
  const several = new Set(defences.map(({ target }) => target)).size > 1;
  return [
    { title: 'unpaired', align: 'left', names: true, text: ({ surrogate }) => surrogate },
    { title: 'target', align: 'left', names: true, text: ({ target }) => (several ? target : '') },
  ];
}

function accuracyColumns(defences: readonly DefenceReport[]): readonly Column<DefenceReport>[] {
  return [
    ...defenceColumns(defences),
    { title: 'instead of', align: 'left', names: true, text: ({ undefended }) => undefended ?? NONE },
    { title: 'accuracy before', align: 'right', text: ({ accuracy }) => percent(accuracy?.before ?? null) },
    { title: 'after', align: 'right', text: ({ accuracy }) => percent(accuracy?.after ?? null) },
    { title: 'drop', align: 'right', text: ({ accuracy }) => percent(accuracy?.drop ?? null) },
    { title: 'n', align: 'right', text: ({ accuracy }) => count(accuracy?.samples ?? null) },
  ];
}

/** The columns of a table over defences, for rows of another kind. */
function rowColumns<T>(rows: readonly Row<T>[]): readonly Column<Row<T>>[] {
  return defenceColumns(rows.map(({ of }) => of)).map((column) => ({
    ...column,
    text: ({ of }) => column.text(of),
  }));
}

function exposureColumns(rows: readonly Row<ExposureReport>[]): readonly Column<Row<ExposureReport>>[] {
  const swept = sweptLabels(rows.map(({ entry }) => entry));
  return [
    ...rowColumns(rows),
    { title: 'attack', align: 'left', text: ({ entry }) => entry.attack },
    { title: '', align: 'left', text: ({ entry }) => swept(entry) },
    { title: 'ε', align: 'right', text: ({ entry }) => threat(entry.norm, entry.epsilon) },
    { title: 'before', align: 'right', text: ({ entry }) => shortText(entry.before) },
    { title: 'after', align: 'right', text: ({ entry }) => levelText(entry.after) },
    { title: 'cut', align: 'right', text: ({ entry }) => percent(entry.cut) },
    { title: 'stranger', align: 'right', text: ({ entry }) => shortText(entry.stranger) },
    { title: 'n', align: 'right', text: ({ entry }) => count(entry.samples), optional: true },
  ];
}

function adaptiveColumns(rows: readonly Row<AdaptiveReport>[]): readonly Column<Row<AdaptiveReport>>[] {
  return [
    ...rowColumns(rows),
    { title: 'attacker', align: 'left', text: ({ entry }) => entry.attacker },
    { title: 'attack', align: 'left', text: ({ entry }) => entry.attack },
    { title: 'ε', align: 'right', text: ({ entry }) => threat(entry.norm, entry.epsilon) },
    {
      title: 'through',
      align: 'left',
      names: true,
      text: ({ of, entry }) => entry.surrogate.replace(of.surrogate, ''),
    },
    {
      title: 'asked',
      align: 'right',
      text: ({ entry }) => (entry.imitationQueries === null ? '' : count(entry.imitationQueries)),
      optional: true,
    },
    { title: 'result', align: 'right', text: ({ entry }) => levelText(entry) },
    { title: 'stranger', align: 'right', text: ({ entry }) => shortText(entry.stranger) },
    { title: '', align: 'left', text: ({ entry }) => (entry.beats === true ? 'further' : '') },
    { title: 'n', align: 'right', text: ({ entry }) => count(entry.samples), optional: true },
  ];
}

/** A level without its interval, for what is only there to be compared with. */
function shortText(level: Level | null): string {
  return level?.medianQueries === null ? share(level.success?.value ?? null) : levelText(level);
}

/**
 * The success of transfer; of a search with a prior, its queries, relative to those without where these are known, or its
 * success where the budget hides them.
 */
function levelText(level: Level | null): string {
  if (level === null) return NONE;
  const { success, medianQueries, censored, queryRatio } = level;
  if (medianQueries === null) return percent(success);
  if (queryRatio !== null) return `${boundSign(queryRatio)}${share(queryRatio.value)} of queries`;
  const queries = `${count(medianQueries)} queries`;
  return censored ? `${share(success?.value ?? null)} in ${queries}` : queries;
}

function verdict(defence: DefenceReport, style: TerminalStyle): readonly string[] {
  const { failed, untested, verdict: of } = defence;
  const others = of === null ? untested : untested.map((sentence) => `not tested: ${sentence}`);
  const sentences = [...failed, ...others].flatMap((sentence) =>
    wrap(sentence, style.width - 2).map((line, at) => `${at === 0 ? '- ' : '  '}${line}`),
  );
  return [...wrap(defenceSentence(defence), style.width), ...sentences, ''];
}
