import { slice, type SampleSet, type Split } from '@unpair/datasets';
import { UnpairError } from '@unpair/errors';

/** The first samples of a set, as `--samples` asks for. @throws {UnpairError} OUT_OF_RANGE when there are not so many */
export function firstSamples(set: SampleSet, split: Split, count = set.count): SampleSet {
  if (count <= set.count) return slice(set, 0, count);
  const allowed = `at most ${set.count}, the size of ${set.name} (${split})`;
  throw UnpairError.refusal({ field: '--samples', value: count, allowed }, 'OUT_OF_RANGE');
}
