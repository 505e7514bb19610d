/** Text between two comments of a page of the documentation, which `npm run gen` writes. */
const [START, END] = ['<!-- operators: npm run gen -->', '<!-- end of operators -->'];

/** The page with this text in its generated part. @throws {RangeError} when the page has no place for it. */
export function withGeneratedPart(page: string, text: string): string {
  const [before, rest] = page.split(START);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new RangeError(`the page lacks ${START} … ${END}`);
  return `${before}${START}\n\n${text}\n\n${END}${after}`;
}
