import type { ModelRef, SampleRange, Task } from '@unpair/protocol';

/** Digests of every artefact that a task reads, each once: whatever its work names, a model or samples, has one. */
export function digestsOf({ work }: Task): readonly string[] {
  const fields: readonly unknown[] = Object.values(work?.value ?? {}).flat();
  const digests = fields.filter(isReference).map(({ digest }) => digest);
  return [...new Set(digests.filter((digest) => digest !== ''))];
}

function isReference(field: unknown): field is ModelRef | SampleRange {
  return typeof field === 'object' && field !== null && 'digest' in field;
}
