import { createHash } from 'node:crypto';
import { UnpairError } from '@unpair/errors';

/** SHA-256 in lower-case hex: the name of an artefact. */
export type Digest = string;

/** Whether a text has the form of a digest. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** @throws UnpairError INVALID_ARGUMENT when the text is no digest */
export function checkDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const message = `"${text}" is not a SHA-256 digest: 64 lower-case hexadecimal digits are expected.`;
  throw new UnpairError('INVALID_ARGUMENT', message, {
    violations: [{ field: 'digest', description: message }],
  });
}

/** Digest of bytes at hand. */
export function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex');
}
