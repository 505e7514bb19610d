import { stringAttribute } from '../attributes.js';
import type { Dim, Node } from '../graph.js';
import { broadcastDims } from './dim.js';
import type { NodeContext, ShapeRule } from './rule.js';
import { nodeError, requireInput, showShape } from './rule.js';

/** An equation of Einsum over operands of known rank: a label for each axis. */
export interface EinsumTerms {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

const TERM = /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/;
/** Longest equation that is read: 52 letters for each of a few operands. */
const LONGEST_EQUATION = 1000;

/**
 * Reads an equation. The axes that an ellipsis stands for get digits as labels, aligned at the last one; without an
 * arrow the result has the ellipsis and, in alphabetical order, the labels that occur once.
 * @throws {ModelError} quoting the equation when it is none, or does not fit the operands.
 */
export function readEinsum(node: Node, ranks: readonly number[]): EinsumTerms {
  const written = stringAttribute(node, 'equation', '').replace(/\s/g, '');
  const [left = '', right, ...others] = written.split('->');
  const terms = left.split(',');
  const isEquation =
    written.length <= LONGEST_EQUATION &&
    others.length === 0 &&
    [...terms, right ?? ''].every((term) => TERM.test(term)) &&
    terms.length === ranks.length;
  if (!isEquation) throw refuse(node, written, ranks);
  const spans = terms.map((term, i) => (ranks[i] ?? 0) - term.replace('...', '').length);
  const fits = terms.every((term, i) => (term.includes('...') ? (spans[i] ?? -1) >= 0 : spans[i] === 0));
  if (!fits) throw refuse(node, written, ranks);
  const widest = Math.max(0, ...spans);
  const operands = terms.map((term, i) => labelsOf(term, spans[i] ?? 0, widest));
  const known = new Set(operands.flat());
  const result = right === undefined ? implied(operands.flat(), widest) : labelsOf(right, widest, widest);
  if (new Set(result).size !== result.length || result.some((label) => !known.has(label))) {
    throw refuse(node, written, ranks);
  }
  return { operands, result };
}

function labelsOf(term: string, span: number, widest: number): readonly string[] {
  const [before = '', after = ''] = term.split('...');
  if (!term.includes('...')) return Array.from(term);
  const spanned = Array.from({ length: span }, (_, i) => String(widest - span + i));
  return [...Array.from(before), ...spanned, ...Array.from(after)];
}

function implied(labels: readonly string[], widest: number): readonly string[] {
  const once = labels.filter((label) => labels.indexOf(label) === labels.lastIndexOf(label));
  const letters = once.filter((label) => /[A-Za-z]/.test(label)).sort((a, b) => (a < b ? -1 : 1));
  return [...Array.from({ length: widest }, (_, i) => String(i)), ...letters];
}

function refuse(node: Node, equation: string, ranks: readonly number[]): Error {
  return nodeError(
    node,
    `has equation "${equation.slice(0, 100)}", which does not fit operands of ${showShape(ranks)} dimensions`,
  );
}

/** Size of each label. @throws {ModelError} when two operands disagree. */
export function einsumSizes(
  node: Node,
  { operands }: EinsumTerms,
  shapes: readonly (readonly Dim[])[],
): ReadonlyMap<string, Dim> {
  const sizes = new Map<string, Dim>();
  operands.forEach((labels, i) => {
    labels.forEach((label, axis) => {
      const [known, size] = [sizes.get(label) ?? 1, shapes[i]?.[axis] ?? 1];
      const joined = broadcastDims(known, size);
      if (joined === undefined) {
        throw nodeError(node, `has sizes ${known} and ${size} for index "${label}" of its equation`);
      }
      sizes.set(label, joined);
    });
  });
  return sizes;
}

/** Einstein's summation. */
export const einsum: ShapeRule = (context: NodeContext) => {
  const { node, inputs } = context;
  const { dataType } = requireInput(context, 0);
  const shapes = inputs.map((_, i) => requireInput(context, i).shape);
  const terms = readEinsum(
    node,
    shapes.map((shape) => shape.length),
  );
  const sizes = einsumSizes(node, terms, shapes);
  return [{ dataType, shape: terms.result.map((label) => sizes.get(label) ?? 1) }];
};
