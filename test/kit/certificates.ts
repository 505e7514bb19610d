import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** A certificate and its key, as PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Whether this machine has what {@link TestAuthority} needs. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A certificate authority for one test, whose files lie in a folder of the test's. */
export class TestAuthority {
  readonly #folder: string;
  readonly #own: CertificateFiles;

  constructor(folder: string, name = 'authority') {
    this.#folder = folder;
    this.#own = this.#make(name, ['-x509', '-addext', 'basicConstraints=critical,CA:TRUE']);
  }

  /** Its own certificate, which is trusted. */
  get ca(): string {
    return this.#own.cert;
  }

  /** A certificate for a name, and for the loopback address; one of the same name replaces the files. */
  issue(name: string): CertificateFiles {
    const { cert, key } = this.#own;
    const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
    return this.#make(name, ['-x509', '-CA', cert, '-CAkey', key, '-addext', names]);
  }

  #make(name: string, words: readonly string[]): CertificateFiles {
    const cert = join(this.#folder, `${name}.pem`);
    const key = join(this.#folder, `${name}.key`);
    const files = ['-keyout', key, '-out', cert, '-subj', `/CN=${name}`, '-days', '2'];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const made = spawnSync('openssl', ['req', ...words, ...curve, ...files], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
    return { cert, key };
  }
}
