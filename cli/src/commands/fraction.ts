import { InvalidArgumentError } from 'commander';
import { parseAmount } from '@unpair/parameters';

/** A positive number as campaign files write epsilons: `8/255` or `0.03`. */
export function fraction(text: string): number {
  const amount = parseAmount(text);
  if (amount !== undefined && amount > 0) return amount;
  throw new InvalidArgumentError(`It must be a positive number or fraction, such as 8/255; got "${text}".`);
}
