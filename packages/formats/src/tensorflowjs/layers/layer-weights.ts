import type { Tensor } from '@unpair/graph';
import { ModelError } from '@unpair/graph';

import type { Weight } from '../weights.js';

/** Finds weights by the layer that has them; a file may put the names of nested models before a layer's. */
export class WeightIndex {
  readonly #weights: ReadonlyMap<string, Weight>;
  /** By `layer/weight`, whatever stands before or between; null where that is not unique. */
  readonly #short = new Map<string, Weight | null>();

  constructor(weights: ReadonlyMap<string, Weight>) {
    this.#weights = weights;
    for (const [name, weight] of weights) {
      const parts = name.split('/');
      const last = parts.at(-1) ?? '';
      // TensorFlow 2.2 and newer put a cell's name between the layer's and the weight's.
      for (const layer of new Set(parts.slice(0, -1))) {
        const key = `${layer}/${last}`;
        this.#short.set(key, this.#short.has(key) ? null : weight);
      }
    }
  }

  find(models: readonly string[], layer: string, weight: string): Tensor<'float32'> | undefined {
    const own = `${layer}/${weight}`;
    const exact = this.#weights.get([...models, own].join('/')) ?? this.#weights.get(own);
    return (exact ?? this.#short.get(own) ?? undefined)?.tensor;
  }
}

/** The weights of one layer. */
export class LayerWeights {
  readonly #find: (name: string) => Tensor<'float32'> | undefined;
  readonly #place: string;

  constructor(place: string, find: (name: string) => Tensor<'float32'> | undefined) {
    this.#place = place;
    this.#find = find;
  }

  find(name: string): Tensor<'float32'> | undefined {
    return this.#find(name);
  }

  /** @throws {ModelError} when the manifest has no such weight. */
  get(name: string): Tensor<'float32'> {
    const tensor = this.find(name);
    if (tensor === undefined) throw new ModelError(`${this.#place} has no weight "${name}" in the manifest`);
    return tensor;
  }
}
