/** What an attack on a target takes its gradients from: a published model, or several as an ensemble. */
export interface Surrogate {
  /** `int8`, `int8+stranger`: what people, rows and identities of cells call it. */
  readonly name: string;
  /** The models that it consists of: one, or the members of an ensemble in their order. */
  readonly models: readonly string[];
}

export function surrogateOf(...models: readonly string[]): Surrogate {
  return { name: models.join('+'), models };
}

/** The only model that a surrogate consists of; undefined for an ensemble. */
export function onlyModelOf({ models: [first, ...more] }: Surrogate): string | undefined {
  return more.length === 0 ? first : undefined;
}
