/** Turns proto/onnx/onnx.proto into the descriptor module that the codec loads: `npm run gen`. */
import { readFile, writeFile } from 'node:fs/promises';
import protobuf from 'protobufjs';

const SOURCE = new URL('../../../proto/onnx/onnx.proto', import.meta.url);
const TARGET = new URL('../src/gen/onnx.ts', import.meta.url);

/** The module's text, from the proto file as it is now. */
export async function generateDescriptor(): Promise<string> {
  const { root } = protobuf.parse(await readFile(SOURCE, 'utf8'));
  return [
    '// Generated from proto/onnx/onnx.proto by `npm run gen`. Do not edit.',
    "import type { INamespace } from 'protobufjs';",
    '',
    `export const descriptor: INamespace = ${JSON.stringify(root.toJSON(), null, 2)};`,
    '',
  ].join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname)
  await writeFile(TARGET, await generateDescriptor());
