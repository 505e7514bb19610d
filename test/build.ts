import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

/** Tests start services and the command as users do, compiled: what is compiled must be what is tested. */
export function setup(): void {
  execFileSync(process.execPath, [tsc, '--build'], { cwd: root, stdio: 'inherit' });
}
