/** `.5` as `0.5`, as the rules of the campaign file know it; the rest unchanged. */
export function withLeadingZero(text: string): string {
  return text.replace(/^(-?)\./, '$10.');
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** The number or boolean that an option's text stands for; the text itself otherwise, which no rule accepts for one. */
export function plainValue(text: string): number | boolean | string {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = withLeadingZero(text);
  return NUMBER.test(number) ? Number(number) : text;
}
