import type { Metadata } from '@grpc/grpc-js';
import { UnpairError } from '@unpair/errors';
import type { Role } from '@unpair/protocol';

/** Who calls: whose campaigns are meant, and what may be done to them. */
export interface Identity {
  /** For logs; not a secret. */
  readonly name: string;
  readonly tenant: string;
  readonly role: Role;
}

/** Whose everything is where nobody is asked who he is. */
export const defaultTenant = 'default';

/** Who calls where nobody is asked. */
export const anyone: Identity = { name: 'anyone', tenant: defaultTenant, role: 'admin' };

/** What tenants may be called: names become parts of keys. */
export function isTenant(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);
}

const known = new WeakMap<Metadata, Identity>();

/** Notes who makes the call that carries this metadata. */
export function admit(metadata: Metadata, identity: Identity): void {
  known.set(metadata, identity);
}

/** Who makes a call. @throws UnpairError UNAUTHENTICATED for a call that has not come through an access gate */
export function identityOf(metadata: Metadata): Identity {
  const identity = known.get(metadata);
  if (identity !== undefined) return identity;
  throw new UnpairError('UNAUTHENTICATED', 'This call needs valid credentials.');
}
