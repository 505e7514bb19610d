import { UnpairError } from '@unpair/errors';
import { roles } from '@unpair/protocol';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
} from 'jose';
import { readFileSync } from 'node:fs';
import { isTenant, type Identity } from './identity.js';

export interface OidcOptions {
  /** Who makes the tokens: their `iss`. */
  readonly issuer: string;
  /** Whom they are made for: in their `aud`. */
  readonly audience: string;
  /** https URL or file of the issuer's public keys. */
  readonly jwks: string;
  readonly roleClaim: string;
  readonly tenantClaim: string;
}

type Keys = Parameters<typeof jwtVerify>[1] & ((...words: never[]) => unknown);

/** No secret that others share makes a token, and no token is unsigned. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Tokens of an OpenID provider (RFC 7519): signed, for us, and not expired. */
export class Oidc {
  readonly name = 'the file of UNPAIR_OIDC_JWKS';
  readonly #options: OidcOptions;
  readonly #isRemote: boolean;
  #text = '';
  #keys: Keys;

  /** @throws UnpairError INVALID_ARGUMENT where the file of keys holds none */
  constructor(options: OidcOptions) {
    this.#options = options;
    this.#isRemote = options.jwks.startsWith('https://');
    this.#keys = this.#isRemote ? createRemoteJWKSet(new URL(options.jwks)) : this.#read();
  }

  /** Takes in what the file of keys holds now; a provider's own keys are fetched when they are needed. */
  reload(): boolean {
    if (this.#isRemote) return false;
    const before = this.#text;
    this.#keys = this.#read();
    return this.#text !== before;
  }

  #read(): Keys {
    const { jwks } = this.#options;
    try {
      const text = readFileSync(jwks, 'utf8');
      const keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
      this.#text = text;
      return keys;
    } catch (cause) {
      const message = `The file ${jwks} holds no JSON Web Key Set (RFC 7517).`;
      throw new UnpairError('INVALID_ARGUMENT', message, { cause });
    }
  }

  /** Who a token is of; undefined where it is not good. @throws UnpairError UNAVAILABLE where the keys cannot be fetched */
  async identify(token: string, now: Date): Promise<Identity | undefined> {
    const { issuer, audience } = this.#options;
    const rules = { issuer, audience, algorithms, requiredClaims: ['exp', 'sub'], currentDate: now };
    try {
      const { payload } = await jwtVerify(token, this.#keys, rules);
      return this.#identityIn(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) return undefined;
      const message = 'Credentials cannot be checked now; call again.';
      throw new UnpairError('UNAVAILABLE', message, { cause: error });
    }
  }

  #identityIn(payload: JWTPayload): Identity | undefined {
    const { roleClaim, tenantClaim } = this.#options;
    const claimed = [payload[roleClaim]].flat();
    const role = roles.findLast((each) => claimed.includes(each));
    const tenant = payload[tenantClaim];
    if (role === undefined || typeof tenant !== 'string' || !isTenant(tenant)) return undefined;
    return { role, tenant, name: payload.sub ?? '' };
  }
}
