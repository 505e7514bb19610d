import type { Report } from '../report.js';
import type { Evidence, PriorEvidence, Verdict } from '../verdict/types.js';
import { count, NONE, percent, ratio, share, threat } from './format.js';
import type { Column, TableText, TerminalStyle } from './table.js';
import { bold, tableLines, tableOf } from './table.js';
import { wrap } from './wrap.js';

/** Entries of a kind that are told of; `all` tells of every one. */
const TOLD = 4;
const ROWS = 9;

/**
 * The verdict, and the few figures behind it: what a reader wants first. At most 80 columns wide where names are short.
 * @param all whether every sibling is told of, rather than those that give most away
 */
export function renderVerdict(
  { verdict }: Report,
  options: Partial<TerminalStyle> & { readonly all?: boolean } = {},
): string {
  const style = { width: 80, color: false, ...options };
  const told = options.all === true ? Infinity : TOLD;
  const rows = options.all === true ? Infinity : ROWS;
  const { asked, exposure, cures, cautions, next } = verdict;
  const lines = [
    ...wrap(asked, style.width),
    '',
    ...paragraphs(exposure, told, style),
    ...paragraphs(cures, told, style),
    ...evidenceTables(verdict).flatMap((table) => evidenceLines(table, rows, style)),
    ...list('Trust it less, for', cautions, style),
    ...list('Next', next, style),
  ];
  return lines.join('\n');
}

function paragraphs(
  entries: readonly { readonly sentences: readonly string[] }[],
  told: number,
  style: TerminalStyle,
): readonly string[] {
  const lines = entries
    .slice(0, told)
    .flatMap(({ sentences: [headline = '', ...rest] }) => [
      ...wrap(headline, style.width).map((line) => bold(line, style)),
      ...rest.flatMap((sentence) => wrap(sentence, style.width - 2).map((line) => `  ${line}`)),
      '',
    ]);
  const more = entries.length - told;
  return more > 0 ? [...lines, `And ${count(more)} more, which --full tells.`, ''] : lines;
}

function list(title: string, sentences: readonly string[], style: TerminalStyle): readonly string[] {
  if (sentences.length === 0) return [];
  const items = sentences.flatMap((sentence) =>
    wrap(sentence, style.width - 2).map((line, at) => `${at === 0 ? '- ' : '  '}${line}`),
  );
  return [bold(title, style), ...items, ''];
}

interface EvidenceRow {
  readonly name: string;
  readonly accuracy: string;
  readonly fooled: string;
  readonly queries: string;
  readonly fewer: string;
}

/** The figures behind the verdict: a table for each target. */
export function evidenceTables({ evidence }: Verdict): readonly TableText[] {
  const targets = [...new Set(evidence.map(({ target }) => target))];
  return targets.flatMap((target) => {
    const own = evidence.filter((entry) => entry.target === target);
    const [first] = own;
    if (first === undefined) return [];
    const title = `Attacks on ${target} at ε ${threat(first.norm, first.epsilon)}, by what is published`;
    return [tableOf(title, [...nothingPublished(own), ...own.map(evidenceRow)], COLUMNS)];
  });
}

function evidenceLines(table: TableText, told: number, style: TerminalStyle): readonly string[] {
  const more = table.rows.length - told;
  return [
    ...tableLines({ ...table, rows: table.rows.slice(0, told) }, style),
    ...(more > 0 ? [`And ${count(more)} more, which --full shows.`, ''] : []),
  ];
}

const COLUMNS: readonly Column<EvidenceRow>[] = [
  { title: 'published', align: 'left', names: true, text: ({ name }) => name },
  { title: 'accuracy', align: 'right', text: ({ accuracy }) => accuracy },
  { title: 'fooled, no query', align: 'right', text: ({ fooled }) => fooled },
  { title: 'queries', align: 'right', text: ({ queries }) => queries },
  { title: 'fewer by', align: 'right', text: ({ fewer }) => fewer },
];

function evidenceRow({ surrogate, role, accuracy, transfer, prior }: Evidence): EvidenceRow {
  return {
    name: role === 'stranger' ? `(${surrogate})` : surrogate,
    accuracy: share(accuracy?.value ?? null),
    fooled: transfer === null ? NONE : percent(transfer.success),
    queries: count(prior?.medianQueries ?? null),
    fewer: ratio(prior?.without?.fewer ?? null),
  };
}

/** What the search without prior takes, beside which those with one stand. */
function nothingPublished(evidence: readonly Evidence[]): readonly EvidenceRow[] {
  const without = evidence.map(({ prior }) => prior?.without ?? null).find((entry) => entry !== null) as
    PriorEvidence['without'] | undefined;
  if (without === undefined || without === null) return [];
  return [{ name: 'nothing', accuracy: '', fooled: '', queries: count(without.medianQueries), fewer: '' }];
}
