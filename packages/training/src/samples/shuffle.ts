import { createRandom } from '@unpair/numerics';

/** The order in which an epoch visits `count` samples: a permutation that depends on seed and epoch alone. */
export function epochOrder(seed: number, epoch: number, count: number): Uint32Array {
  const random = createRandom({ seed, cell: 'training/order', sample: epoch });
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const swapped = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = swapped;
  }
  return order;
}
