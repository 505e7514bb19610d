/** The accuracy below which a classifier has learned nothing: twice chance, and at most half way from chance to 1. */
export function hardlyAboveChance(classes: number): number {
  return Math.min(2 / classes, halfWay(classes));
}

/** The accuracy half way from chance to 1. */
export function halfWay(classes: number): number {
  return (1 + 1 / classes) / 2;
}
