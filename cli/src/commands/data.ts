import type { Command } from 'commander';
import { fetchDataset, listDatasets } from '@unpair/datasets';

import type { CommandContext } from '../context.js';
import { renderTable } from '../terminal/table.js';

/** `unpair data fetch NAME` and `unpair data list`. */
export function addDataCommand(program: Command, context: CommandContext): void {
  const data = program.command('data').description('fetch and list data sets');
  data
    .command('fetch')
    .description('bring a data set into the data folder and verify its checksums')
    .argument('<name>', 'name of a data set, as `data list` shows it')
    .action((name: string) => runDataFetch(name, context));
  data
    .command('list')
    .description('list the known data sets')
    .option('--json', 'print JSON')
    .action((options: { readonly json?: true }) => runDataList(options, context));
}

async function runDataFetch(name: string, { dataDir, signal, terminal }: CommandContext): Promise<void> {
  const progress = terminal.progress();
  try {
    const { folder, alreadyPresent } = await fetchDataset(name, {
      dataDir,
      signal,
      onProgress: ({ step, done, total }) => {
        progress.update({ label: step, fraction: done / total });
      },
    });
    progress.end();
    terminal.print(`${name} is ${alreadyPresent ? 'already ' : ''}in ${folder}, verified`);
  } finally {
    progress.end();
  }
}

async function runDataList(
  { json }: { readonly json?: true },
  { dataDir, terminal }: CommandContext,
): Promise<void> {
  const listing = await listDatasets({ dataDir });
  if (json) {
    const datasets = listing.map(({ name, description, origin, shape, classNames, counts, present }) => ({
      name,
      description,
      origin,
      shape,
      classes: classNames.length,
      counts,
      present,
    }));
    terminal.print(JSON.stringify({ folder: dataDir, datasets }, null, 2));
    return;
  }
  const rows = listing.map(({ name, shape, classNames, counts, present, origin, description }) => [
    name,
    shape.join('×'),
    classNames.length,
    counts.train,
    counts.test,
    present ? 'yes' : 'no',
    origin,
    description,
  ]);
  terminal.print(
    renderTable(['name', 'shape', 'classes', 'train', 'test', 'here', 'origin', 'content'], rows),
  );
  terminal.print(`\nfolder: ${dataDir}`);
}
