/** Reads and decodes the model file argument; prints how far the process grew beyond what it was before, in bytes. */
import { readFileSync } from 'node:fs';
import { decodeModel, encodeModel, inferShapes, summarizeModel } from '@unpair/graph';
import { smallClassifier } from '../../support/sample-graphs.js';

const use = (bytes: Uint8Array): number => {
  const graph = decodeModel(bytes);
  inferShapes(graph);
  return summarizeModel(graph).parameters;
};

use(encodeModel(smallClassifier()));
const before = process.memoryUsage().rss;
const bytes = readFileSync(process.argv[2] ?? '');
const parameters = use(bytes);
const grown = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(JSON.stringify({ size: bytes.length, parameters, grown }));
