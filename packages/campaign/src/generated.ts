/** What joins the parts of a generated name: names of the file cannot hold it. */
const JOINT = '~';

/** The name of a model that the plan adds to those of the file: `int8-unpaired~imitated-1000`. */
export function generatedName(model: string, suffix: string): string {
  return `${model}${JOINT}${suffix}`;
}

/** Whether the plan added a model, rather than the file. */
export function isGenerated(name: string): boolean {
  return name.includes(JOINT);
}
