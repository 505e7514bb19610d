/** Reads and decodes the model file argument; prints how far the process grew beyond what it was before, in bytes. */
import { existsSync, readFileSync } from 'node:fs';
import { decodeModel, encodeModel, inferShapes, summarizeModel } from '@unpair/graph';
import { smallClassifier } from '../../support/sample-graphs.js';

const use = (bytes: Uint8Array): number => {
  const graph = decodeModel(bytes);
  inferShapes(graph);
  return summarizeModel(graph).parameters;
};

/** Bytes that this process held at most. On Linux `resourceUsage` also counts what the process was forked from, which may be more. */
function mostMemory(): number {
  const status = '/proc/self/status';
  const kilobytes = existsSync(status)
    ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]
    : undefined;
  return Number(kilobytes ?? process.resourceUsage().maxRSS) * 1024;
}

use(encodeModel(smallClassifier()));
const before = process.memoryUsage().rss;
const bytes = readFileSync(process.argv[2] ?? '');
const parameters = use(bytes);
const grown = mostMemory() - before;
process.stdout.write(JSON.stringify({ size: bytes.length, parameters, grown }));
