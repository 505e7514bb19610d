/** Letters that two words must begin with alike to be thought one. */
const ALIKE = 3;

/** The candidate that `word` most likely meant, or undefined when none is near or begins alike. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const reach = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = reach + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), reach);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? candidates.find((candidate) => beginsAlike(candidate, word));
}

/** Whether one word begins as the other is, however they are written: `batch_size` as `batch`. */
function beginsAlike(candidate: string, word: string): boolean {
  const [shorter = '', longer = ''] = [candidate, word]
    .map((each) => each.toLowerCase().replace(/[^a-z]/g, ''))
    .sort((a, b) => a.length - b.length);
  return shorter.length >= ALIKE && longer.startsWith(shorter);
}

/** `; did you mean "x"?` for the nearest candidate, otherwise `; known are a, b, c`. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return candidates.length === 0 ? '' : `; known are ${candidates.join(', ')}`;
}

/** Damerau–Levenshtein distance (adjacent swaps cost 1); anything above `limit` is only known to be above it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
