import { InvalidArgumentError } from 'commander';

/** A positive number as people write epsilons: `8/255` or `0.03`. */
export function fraction(text: string): number {
  const [over = '', under = '1', ...more] = text.split('/');
  const value = Number(over) / Number(under);
  if (more.length === 0 && over.trim() !== '' && under.trim() !== '' && Number.isFinite(value) && value > 0) {
    return value;
  }
  throw new InvalidArgumentError(`It must be a positive number or fraction, such as 8/255; got "${text}".`);
}
