import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a process has in its environment whose clock is off by so many hours; how long things take stays right.
 * @throws RangeError where libfaketime is not installed
 */
export function clockOff(hours: number): Readonly<Record<string, string>> {
  // Debian has it by architecture.
  const places = readdirSync('/usr/lib').map((name) =>
    join('/usr/lib', name, 'faketime', 'libfaketime.so.1'),
  );
  const library = places.find((path) => existsSync(path));
  if (library === undefined)
    throw new RangeError('Clocks that are off need libfaketime: Debian has it in "faketime".');
  const offset = `${hours < 0 ? '' : '+'}${hours}h`;
  return {
    LD_PRELOAD: library,
    FAKETIME: offset,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
}
