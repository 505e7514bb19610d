/** Where the name of a swept model is broken: before its values and after each. */
const BREAKS = /(?=\[)|(?<=,)/;
/** Where a value is that is still too long: after the entry that lists it. */
const INNER_BREAK = /(?<=^\[?[\w-]+\.)/;
const INDENT = '  ';

/** A model's name as lines of at most `width` columns, those after the first indented; longer pieces stay whole. */
export function breakName(name: string, width: number): readonly string[] {
  if (name.length <= width) return [name];
  const [first = name, ...values] = name.split(BREAKS);
  const lines = [first];
  for (const piece of values.flatMap((value) => piecesOf(value, width))) {
    const line = lines.at(-1) ?? '';
    if (line.length + piece.length <= width) lines[lines.length - 1] = line + piece;
    else lines.push(INDENT + piece);
  }
  return lines;
}

/** The narrowest column that holds a name. */
export function leastWidth(name: string): number {
  return Math.max(...breakName(name, 0).map(({ length }) => length));
}

function piecesOf(value: string, width: number): readonly string[] {
  return INDENT.length + value.length <= width ? [value] : value.split(INNER_BREAK);
}
