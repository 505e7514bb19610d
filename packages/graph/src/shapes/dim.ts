import type { Dim } from '../graph.js';

/**
 * Arithmetic on dimensions. A size that is known only at run time stays a name; what is computed from it gets
 * a derived name that depends on the expression alone (`16*N`, `(H-2)`), so equal expressions stay equal.
 */
interface Monomial {
  readonly coefficient: number;
  /** Sorted. */
  readonly symbols: readonly string[];
}

/** Product of two dimensions. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  const [left, right] = [parse(a), parse(b)];
  return render({
    coefficient: left.coefficient * right.coefficient,
    symbols: [...left.symbols, ...right.symbols].sort(),
  });
}

/** Number of elements of a shape, with its symbols: `[N, 3, 4]` has `12*N`. */
export function productOf(shape: readonly Dim[]): Dim {
  return shape.reduce(multiplyDims, 1);
}

/** Exact quotient; `undefined` when `b` does not divide `a`, as far as the names can tell. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  const [left, right] = [parse(a), parse(b)];
  if (right.coefficient === 0) return undefined;
  const symbols = [...left.symbols];
  for (const symbol of right.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  const coefficient = left.coefficient / right.coefficient;
  return Number.isInteger(coefficient) ? render({ coefficient, symbols }) : undefined;
}

/** Quotient rounded down. */
export function floorDivide(a: Dim, b: number): Dim {
  if (typeof a === 'number') return Math.floor(a / b);
  return divideExactly(a, b) ?? named(`floor(${a}/${b})`);
}

/** Quotient rounded up. */
export function ceilDivide(a: Dim, b: number): Dim {
  if (typeof a === 'number') return Math.ceil(a / b);
  return divideExactly(a, b) ?? named(`ceil(${a}/${b})`);
}

/** Sum of two dimensions. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number') return typeof b === 'number' ? a + b : addOffset(b, a);
  if (typeof b === 'number') return addOffset(a, b);
  const [left, right] = [parse(a), parse(b)];
  if (left.symbols.join('*') === right.symbols.join('*')) {
    return render({ coefficient: left.coefficient + right.coefficient, symbols: left.symbols });
  }
  return named(`(${[a, b].sort().join('+')})`);
}

function addOffset(symbol: string, offset: number): Dim {
  const match = /^\((.+)([+-]\d+)\)$/.exec(symbol);
  const [base, total] =
    match?.[1] !== undefined && isBalanced(match[1])
      ? [match[1], offset + Number(match[2])]
      : [symbol, offset];
  if (total === 0) return base;
  return named(`(${base}${total > 0 ? '+' : ''}${total})`);
}

/** The size two dimensions broadcast to; `undefined` when they cannot. */
export function broadcastDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number') return typeof b === 'number' ? undefined : a;
  if (typeof b === 'number') return b;
  return named(`max(${[a, b].sort().join(',')})`);
}

/** Whether two dimensions may be the same size at run time: names may always. */
export function mayEqual(a: Dim, b: Dim): boolean {
  return typeof a === 'string' || typeof b === 'string' || a === b;
}

/** Longest expression that is spelled out. */
const LONGEST_NAME = 256;

/** Expressions on expressions may double at each node: a long one gets a name that depends on it alone. */
function named(expression: string): string {
  if (expression.length <= LONGEST_NAME) return expression;
  let hash = 0n;
  for (let i = 0; i < expression.length; i++) {
    hash =
      ((hash ^ BigInt(expression.charCodeAt(i))) * 0x100000001b3n + 0x9e3779b97f4a7c15n) &
      0xffffffffffffffffn;
  }
  return `size_${hash.toString(36)}`;
}

function parse(dim: Dim): Monomial {
  if (typeof dim === 'number') return { coefficient: dim, symbols: [] };
  const factors = splitFactors(dim);
  const numbers = factors.filter((factor) => /^-?\d+$/.test(factor));
  return {
    coefficient: numbers.reduce((product, factor) => product * Number(factor), 1),
    symbols: factors.filter((factor) => !numbers.includes(factor)).sort(),
  };
}

function render({ coefficient, symbols }: Monomial): Dim {
  if (coefficient === 0 || symbols.length === 0) return coefficient;
  return named(coefficient === 1 ? symbols.join('*') : [String(coefficient), ...symbols].join('*'));
}

/** Splits at the `*` that are outside parentheses. */
function splitFactors(expression: string): string[] {
  const factors: string[] = [];
  let [depth, start] = [0, 0];
  for (let i = 0; i < expression.length; i++) {
    const character = expression[i];
    if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '*' && depth === 0) {
      factors.push(expression.slice(start, i));
      start = i + 1;
    }
  }
  return [...factors, expression.slice(start)];
}

function isBalanced(expression: string): boolean {
  let depth = 0;
  for (const character of expression) {
    if (character === '(') depth++;
    if (character === ')' && --depth < 0) return false;
  }
  return depth === 0;
}
