import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { UnpairError } from '@unpair/errors';
import { readWhole, writeWhole } from '@unpair/files';
import { mnistFamily } from './mnist-family.js';
import type { FetchJob, NamedDataset } from './named-dataset.js';
import { runTool } from './tool.js';

const PACKAGE = 'dataset-fashion-mnist';
const INSTALLED = 'usr/share/datasets/fashion-mnist';
const REMEDY =
  'Fashion-MNIST is fetched as a Debian package, so put its four idx files into a folder and give that as the data set';
const CLASS_NAMES = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
];

/** Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): articles of clothing, a drop-in replacement of MNIST. */
export const fashionMnist: NamedDataset = {
  ...mnistFamily('fashion-mnist', CLASS_NAMES, {
    trainImages: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    trainLabels: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    testImages: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    testLabels: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  }),
  description: 'articles of clothing, 28×28 grey',
  origin: `Debian package ${PACKAGE}`,
  fetchBytes: 180e6,
  steps: 2,
  fetch: fetchFashionMnist,
};

async function fetchFashionMnist({ scratch, folder, signal, report }: FetchJob): Promise<void> {
  const options = { cwd: scratch, signal, remedy: REMEDY };
  report(`downloading Debian package ${PACKAGE}`);
  await runTool('apt-get', ['download', PACKAGE, '--quiet'], options);
  report(`unpacking Debian package ${PACKAGE}`);
  const archive = (await readdir(scratch)).find((file) => file.endsWith('.deb'));
  if (!archive) throw new UnpairError('UNAVAILABLE', `apt-get download ${PACKAGE} brought no package`);
  await runTool('dpkg-deb', ['-x', archive, 'unpacked'], options);
  for (const { name } of [...fashionMnist.files.train, ...fashionMnist.files.test]) {
    const packed = await readWhole(join(scratch, 'unpacked', INSTALLED, `${name}.gz`));
    await writeWhole(join(folder, name), await promisify(gunzip)(packed));
  }
}
