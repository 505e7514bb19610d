import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { PNG } from 'pngjs';

import { DatasetError, explainSystemError } from './dataset-error.js';
import { readWhole } from './files.js';
import type { SampleSet, Split } from './sample-set.js';

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly grey: boolean;
  /** [H, W, 4]. */
  readonly rgba: Uint8Array;
}

interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Loads PNG files from class-named folders: `FOLDER/CLASS/*.png`, or `FOLDER/SPLIT/CLASS/*.png` where there is a
 * folder of the split's name. Labels follow the classes' names in code-point order. Samples go round the classes (the
 * first file of each, then the second of each, …), so that every prefix of the set is balanced.
 * @throws {DatasetError} one sentence naming the file that cannot be read or differs in size.
 */
export async function loadImageFolder(folder: string, split: Split): Promise<SampleSet> {
  const root = (await isFolder(join(folder, split))) ? join(folder, split) : folder;
  const classNames = await subfolders(root);
  const files = await roundRobin(root, classNames);
  if (files.length === 0) {
    throw new DatasetError('INVALID_ARGUMENT', `${root} holds no PNG files in class-named folders`);
  }
  const pictures = await readAll(files);
  const { width, height } = pictures[0] ?? { width: 0, height: 0 };
  const channels = pictures.every((picture) => picture.grey) ? 1 : 3;
  const images = new Uint8Array(files.length * channels * height * width);
  pictures.forEach((picture, index) => {
    writePlanes(picture, channels, images.subarray(index * channels * height * width));
  });
  return {
    name: folder,
    classes: classNames.length,
    classNames,
    shape: [channels, height, width],
    count: files.length,
    images,
    labels: Int32Array.from(files, (file) => file.label),
  };
}

async function readAll(files: readonly LabelledFile[]): Promise<readonly Picture[]> {
  const pictures: Picture[] = [];
  for (const { path } of files) {
    const picture = decodePng(path, await readWhole(path));
    const { width, height } = pictures[0] ?? picture;
    if (picture.width !== width || picture.height !== height) {
      throw new DatasetError(
        'INVALID_ARGUMENT',
        `${path} is ${picture.width}×${picture.height}, but the images before it are ${width}×${height}`,
      );
    }
    pictures.push(picture);
  }
  return pictures;
}

function decodePng(path: string, bytes: Uint8Array): Picture {
  try {
    const png = PNG.sync.read(Buffer.from(bytes));
    for (let alpha = 3; alpha < png.data.length; alpha += 4) {
      if (png.data[alpha] !== 255)
        throw new DatasetError('INVALID_ARGUMENT', `${path} is transparent in places`);
    }
    return { width: png.width, height: png.height, grey: !png.color, rgba: png.data };
  } catch (error) {
    if (error instanceof DatasetError) throw error;
    throw new DatasetError('DATA_LOSS', `${path} is not a complete PNG file`, { cause: error });
  }
}

function writePlanes({ rgba, width, height }: Picture, channels: number, out: Uint8Array): void {
  const pixels = width * height;
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++)
      out[channel * pixels + pixel] = rgba[pixel * 4 + channel] ?? 0;
  }
}

async function roundRobin(root: string, classNames: readonly string[]): Promise<readonly LabelledFile[]> {
  const byClass = await Promise.all(classNames.map(async (name) => pngFiles(join(root, name))));
  const longest = Math.max(0, ...byClass.map((files) => files.length));
  return Array.from({ length: longest }, (_, turn) =>
    byClass.flatMap((files, label) => {
      const path = files[turn];
      return path === undefined ? [] : [{ path, label }];
    }),
  ).flat();
}

async function pngFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.toLowerCase().endsWith('.png'))
    .sort(byCodePoint)
    .map((name) => join(folder, name));
}

async function subfolders(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort(byCodePoint);
  } catch (error) {
    throw explainSystemError(error, folder);
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** An order that no locale changes. */
const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
