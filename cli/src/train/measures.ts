/** How a measure is spoken of. */
interface Wording {
  readonly words: string;
  readonly text: (value: number) => string;
}

const MEASURES: Readonly<Record<string, Wording>> = {
  heldOutAccuracy: { words: 'held-out accuracy', text: (value) => percent(value, 1) },
  cosine: { words: 'cosine', text: (value) => value.toFixed(2) },
  transfer: { words: 'transfer', text: (value) => percent(value, 0) },
  vanished: { words: 'gradients gone', text: (value) => percent(value, 0) },
  keptStep: { words: 'kept step', text: number },
  keptHeldOutAccuracy: { words: 'kept held-out accuracy', text: (value) => percent(value, 1) },
  keptTransfer: { words: 'kept transfer', text: (value) => percent(value, 0) },
  keptVanished: { words: 'kept gradients gone', text: (value) => percent(value, 0) },
};

/** What was measured of a model in training, each in its unit: `cosine 0.08`, `transfer 31 %`. */
export function describeMeasures(measures: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(measures).map(([name, value]) => {
    const known = Object.hasOwn(MEASURES, name) ? MEASURES[name] : undefined;
    const { words, text } = known ?? { words: name, text: number };
    return `${words} ${text(value)}`;
  });
}

function number(value: number): string {
  return `${Number.isInteger(value) ? value : Number(value.toPrecision(3))}`;
}

/** A share as `88.1 %`. */
export function percent(share: number, digits: number): string {
  return `${(100 * share).toFixed(digits)} %`;
}
