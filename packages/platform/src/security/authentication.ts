import { AccessFile } from './access-file.js';
import type { Identity } from './identity.js';
import { Oidc, type OidcOptions } from './oidc.js';
import type { Reloadable } from './keep-fresh.js';

/** What a call shows of who makes it. */
export interface Presented {
  /** Bearer tokens; more than one are none. */
  readonly authorization: readonly string[];
  /** Common name of a certificate that was verified. */
  readonly certificate?: string | undefined;
}

export interface AuthenticationOptions {
  /** The file of tokens and certificates. */
  readonly file?: string | undefined;
  readonly oidc?: OidcOptions | undefined;
}

/** Finds out who calls: by a token where one is shown, by a certificate otherwise. */
export class Authentication {
  readonly #file: AccessFile | undefined;
  readonly #oidc: Oidc | undefined;

  /** @throws UnpairError INVALID_ARGUMENT naming what of the files is bad */
  constructor({ file, oidc }: AuthenticationOptions) {
    this.#file = file === undefined ? undefined : new AccessFile(file);
    this.#oidc = oidc && new Oidc(oidc);
  }

  /** What is to be read anew when it changes. */
  get files(): readonly Reloadable[] {
    return [this.#file, this.#oidc].filter((each) => each !== undefined);
  }

  /** Who calls; undefined where that is not known. @throws UnpairError UNAVAILABLE where it cannot be found out now */
  async identify({ authorization, certificate }: Presented, now: Date): Promise<Identity | undefined> {
    const [header, ...others] = authorization;
    if (header === undefined)
      return certificate === undefined ? undefined : this.#file?.byCertificate(certificate, now.getTime());
    const token = /^bearer ([\x21-\x7e]+)$/i.exec(header)?.[1];
    if (token === undefined || others.length > 0) return undefined;
    const isJwt = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
    const byFile = this.#file?.byToken(token, now.getTime());
    return byFile ?? (isJwt ? this.#oidc?.identify(token, now) : undefined);
  }
}
