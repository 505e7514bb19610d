import { readFileSync } from 'node:fs';

/** Version of this package, from its package.json (which lies one folder above both src/ and dist/). */
export const VERSION = readVersion(new URL('../package.json', import.meta.url));

function readVersion(manifest: URL): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string };
  return version;
}
