import type { StreamMessage } from '@unpair/platform';
import { encodeResult, resultSubject } from '@unpair/protocol';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { campaignId, gridOf, resultOf, type GridSize } from './grid.js';

/** Bytes of the number that stands before each message: its length. */
const lengthBytes = 4;

/** Writes the messages of all results of a grid to a file, in a process of its own: what that takes is no part of what is measured. */
export async function writeMessages(path: string, size: GridSize): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), [path, JSON.stringify(size)]);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('The messages could not be made.');
}

/** The messages of such a file, one after the other, as a stream has them. */
export async function* readMessages(
  path: string,
  count: number,
): AsyncGenerator<StreamMessage, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let sequence = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let at = 0;
    while (rest.length - at >= lengthBytes && rest.length - at >= lengthBytes + rest.readUInt32LE(at)) {
      const end = at + lengthBytes + rest.readUInt32LE(at);
      const subject = resultSubject({ campaignId, index: sequence++, round: 0 });
      const data = rest.subarray(at + lengthBytes, end);
      yield { sequence, time: new Date(), subject, left: count - sequence, data };
      at = end;
    }
    rest = rest.subarray(at);
  }
}

async function make(path: string, { plan }: ReturnType<typeof gridOf>): Promise<void> {
  const file = createWriteStream(path);
  for (let index = 0; index < plan.size; index++) {
    const data = encodeResult(resultOf(plan.task(index)));
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32LE(data.length);
    file.write(length);
    if (!file.write(data)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
}

const [program, path, size] = process.argv.slice(1);
if (program === fileURLToPath(import.meta.url) && path !== undefined && size !== undefined)
  await make(path, gridOf(JSON.parse(size) as GridSize));
