import type { ModelRef, SampleRange, Task } from '@unpair/protocol';

/** Digests of every artefact that a task reads, each once. */
export function digestsOf(task: Task): readonly string[] {
  const references = referencesOf(task).filter((one) => one !== undefined);
  return [...new Set(references.map(({ digest }) => digest).filter((digest) => digest !== ''))];
}

function referencesOf({ work }: Task): readonly (ModelRef | SampleRange | undefined)[] {
  switch (work?.$case) {
    case 'derive':
      return [work.value.of, work.value.from, work.value.calibration, work.value.heldOut];
    case 'accuracy':
      return [work.value.model, work.value.samples];
    case 'similarity':
      return [...work.value.surrogates, work.value.target, work.value.samples];
    case 'alignment':
      return [work.value.surrogate, work.value.target, work.value.samples];
    case 'masking':
      return [work.value.model, work.value.samples];
    case 'attack':
      return [work.value.target, ...work.value.surrogates, work.value.samples];
    case undefined:
      return [];
  }
}
