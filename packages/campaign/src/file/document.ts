import { isAlias, isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import type { Violation } from '../campaign.js';
import type { Path, Problem } from './field.js';
import { Field, pathText } from './field.js';

/** A campaign file is a page of text; anything much longer is a mistake or an attack. */
const LONGEST_TEXT = 1 << 20;
/** Nobody reads more problems at once, and a file may have thousands. */
const MOST_PROBLEMS = 20;

/** The text of a campaign file as a tree of fields that collect complaints. */
export interface CampaignDocument {
  readonly root: Field;
  /** The complaints so far, each with its line, in the order of the file. */
  violations(): readonly Violation[];
}

/**
 * Reads YAML (and so JSON), keeping the lines of everything for error messages.
 * Text that is not YAML gives violations of its own, since nothing can be said about what it holds.
 */
export function readDocument(text: string): CampaignDocument | readonly Violation[] {
  if (text.length > LONGEST_TEXT)
    return [
      { field: 'campaign', description: `must be at most ${LONGEST_TEXT} characters, got ${text.length}` },
    ];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
  if (document.errors.length > 0)
    return firstOf(document.errors.map((error) => syntaxViolation(error, lines)));
  const problems: Problem[] = [];
  const value = plainValue(document, problems);
  reportRepeatedKeys(document.contents, [], problems);
  return {
    root: new Field(value, [], problems),
    violations: () => {
      const places = placesOf(document);
      const located = problems.map((problem) => locate(problem, places, lines));
      return firstOf(located.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)));
    },
  };
}

/** Maps become `Map`s, so that no key of the file can reach an object's prototype. */
function plainValue(document: Document, problems: Problem[]): unknown {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: 100 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push({ path: [], description: `cannot be read: ${reason}` });
    return null;
  }
}

function reportRepeatedKeys(node: unknown, path: Path, problems: Problem[]): void {
  if (isSeq(node))
    node.items.forEach((item, index) => {
      reportRepeatedKeys(item, [...path, index], problems);
    });
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    const inner = [...path, String(key)];
    if (seen.has(String(key))) problems.push({ path: inner, description: 'appears twice' });
    seen.add(String(key));
    reportRepeatedKeys(value, inner, problems);
  }
}

function syntaxViolation(error: YAMLError, lines: LineCounter): Violation {
  const { line, col } = lines.linePos(error.pos[0]);
  const [reason = 'it cannot be parsed'] = error.message.split('\n');
  const sentence = reason.replace(/[.:]?\s*$/, '');
  return { field: `line ${line}, column ${col}`, description: `is not valid YAML: ${sentence}`, line };
}

/** The first problems of a file, and how many more there are. */
function firstOf(violations: readonly Violation[]): readonly Violation[] {
  const more = violations.length - MOST_PROBLEMS;
  if (more <= 0) return violations;
  const description = more === 1 ? 'has 1 more problem' : `has ${more} more problems`;
  return [...violations.slice(0, MOST_PROBLEMS), { field: 'campaign', description }];
}

/** Where each value of a document begins, by its path; found in one pass, since a look-up is a search of its own. */
function placesOf(document: Document): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const visit = (node: unknown, path: Path): void => {
    if (isAlias(node)) return;
    const start = (node as Node | null)?.range?.[0];
    const key = keyOf(path);
    if (start !== undefined && !places.has(key)) places.set(key, start);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) visit(item, [...path, index]);
    if (isMap(node)) for (const { key: name, value } of node.items) visit(value, [...path, String(name)]);
  };
  visit(document.contents, []);
  return places;
}

const keyOf = (path: Path): string => JSON.stringify(path);

/** A complaint about something that is missing points at the map that should hold it. */
function locate(
  { path, description }: Problem,
  places: ReadonlyMap<string, number>,
  lines: LineCounter,
): Violation {
  const violation = { field: pathText(path), description };
  for (let depth = path.length; depth >= 0; depth--) {
    const start = places.get(keyOf(path.slice(0, depth)));
    if (start !== undefined) return { ...violation, line: lines.linePos(start).line };
  }
  return violation;
}
