import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { decodeModel, float32 } from '@unpair/graph';
import { expect, test } from 'vitest';

import { serializeModel } from '../../packages/graph/src/codec/wire.js';
import { readModel } from '../src/models/read-model.js';
import { scratchFolder } from './scratch-folder.js';

/** A model y = x·w whose weights [2,2] lie 8 bytes into a file at `location`. */
function modelWith(location: string, length = 16): Uint8Array {
  const type = (...dims: readonly object[]): object => ({
    tensorType: { elemType: 1, shape: { dim: dims } },
  });
  return serializeModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'beside',
      node: [{ opType: 'MatMul', input: ['x', 'w'], output: ['y'] }],
      input: [{ name: 'x', type: type({ dimParam: 'N' }, { dimValue: 2 }) }],
      output: [{ name: 'y', type: type({ dimParam: 'N' }, { dimValue: 2 }) }],
      initializer: [
        {
          name: 'w',
          dims: [2, 2],
          dataType: 1,
          dataLocation: 1,
          externalData: [
            { key: 'location', value: location },
            { key: 'offset', value: '8' },
            { key: 'length', value: String(length) },
          ],
        },
      ],
    },
  });
}

const WEIGHTS = Float32Array.of(0, 0, 1, 2, 3, 4);

/** A folder with a model, and its weights at `at`. */
async function folderWith(location: string, at = location, length?: number): Promise<string> {
  const folder = await scratchFolder();
  await mkdir(join(folder, 'model', 'data'), { recursive: true });
  await writeFile(join(folder, 'model', 'model.onnx'), modelWith(location, length));
  await writeFile(join(folder, 'model', at), new Uint8Array(WEIGHTS.buffer));
  return join(folder, 'model', 'model.onnx');
}

test.each(['weights.bin', 'data/weights.bin', './weights.bin'])(
  'weights at %s become part of the artefact',
  async (location) => {
    const { bytes, graph } = await readModel(await folderWith(location));
    expect(graph.initializers.get('w')).toEqual(float32([2, 2], [1, 2, 3, 4]));
    expect(decodeModel(bytes).initializers).toEqual(graph.initializers);
  },
);

test.each(['../weights.bin', 'data/../../weights.bin', '..\\weights.bin', '/etc/hostname'])(
  'a path out of the folder is refused: %s',
  async (location) => {
    const path = await folderWith(location, 'weights.bin');
    await expect(readModel(path)).rejects.toThrow(
      /model\.onnx cannot be used: its data file is ".*"; only files in the model's own folder and below it are read$/,
    );
  },
);

test('a link out of the folder is refused', async () => {
  const path = await folderWith('link.bin', 'other.bin');
  const outside = join(await scratchFolder(), 'secret.bin');
  await writeFile(outside, new Uint8Array(WEIGHTS.buffer));
  await symlink(outside, join(path, '..', 'link.bin'));
  await expect(readModel(path)).rejects.toThrow('only files in the model');
});

test('a file that is missing, too short or of another length is named', async () => {
  await expect(readModel(await folderWith('gone.bin', 'other.bin'))).rejects.toThrow(
    'its data file "gone.bin" is not to be found beside it',
  );
  await expect(readModel(await folderWith('weights.bin', 'weights.bin', 12))).rejects.toThrow(
    'initializer "w" needs 16 bytes of "weights.bin", but refers to 12 from 8',
  );
  const short = await folderWith('weights.bin');
  await writeFile(join(short, '..', 'weights.bin'), new Uint8Array(23));
  await expect(readModel(short)).rejects.toThrow('has 23 bytes, too few for 16 from byte 8 on');
});
