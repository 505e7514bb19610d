import { digestOf } from '@unpair/platform';

/** Bytes under their SHA-256, ready to be uploaded. */
export interface Artefact {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Names bytes by what they are. */
export function artefactOf(bytes: Uint8Array): Artefact {
  return { digest: digestOf(bytes), bytes };
}
