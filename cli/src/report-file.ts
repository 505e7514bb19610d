import { mkdir, readFile, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Report } from '@unpair/campaign';
import { UnpairError } from '@unpair/errors';
import { systemCode, writeWhole } from '@unpair/files';

/** Says whose report a folder holds. */
const OWNER_FILE = join('.state', 'report-of');

/**
 * Writes a campaign's report to a folder; that of another campaign which lies there is kept under another name.
 * @param note told of that
 * @returns the path of the report
 */
export async function writeReport(
  folder: string,
  id: string,
  report: Report,
  note: (text: string) => void,
): Promise<string> {
  const file = join(folder, 'report.json');
  const ownerFile = join(folder, OWNER_FILE);
  await mkdir(dirname(ownerFile), { recursive: true });
  const owner = await textOf(ownerFile);
  if (owner !== undefined && owner !== id) {
    const kept = join(folder, `report-${owner}.json`);
    if (await moved(file, kept)) note(`the report of campaign ${owner} is kept as ${kept}`);
  }
  await writeWhole(ownerFile, id);
  await writeWhole(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

/**
 * The text of a report that an earlier run wrote.
 * @throws {UnpairError} when there is none, or it has no verdict, as those of earlier versions
 */
export async function readReport(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UnpairError('NOT_FOUND', `there is no report at ${file}`, { cause: error });
  });
  if (!isReport(text)) {
    throw new UnpairError(
      'FAILED_PRECONDITION',
      `${file} is no report of this version of unpair: run the campaign again, which takes seconds where its results are kept`,
    );
  }
  return text;
}

function isReport(text: string): boolean {
  try {
    const report = JSON.parse(text) as Partial<Report> | null;
    return report?.verdict !== undefined && report.integrity !== undefined;
  } catch {
    return false;
  }
}

async function textOf(file: string): Promise<string | undefined> {
  const text = (await readFile(file, 'utf8').catch(() => '')).trim();
  return /^c-[0-9a-f]+$/.test(text) ? text : undefined;
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The report's file: one of that name comes before a campaign on a cluster, whose ids are unlike paths. */
export async function reportFileOf(run: string): Promise<string | undefined> {
  const found = await stat(run).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? join(run, 'report.json') : run;
}

/** Writes a report as a page. */
export async function writePage(file: string, report: Report): Promise<void> {
  // Charts are the only thing that needs their library.
  const { renderPage } = await import('@unpair/page');
  await writeWhole(file, renderPage(report));
}

/** A report that a run on this machine has left. */
export interface LocalRun {
  /** What `unpair report` takes: its folder, or the report of an earlier campaign in it. */
  readonly run: string;
  readonly report: Report;
}

/** The reports below a folder, the newest first; what is no report of this version is passed over. */
export async function localRuns(folder: string): Promise<readonly LocalRun[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new UnpairError('NOT_FOUND', `there is no folder of runs at ${folder}`, { cause: error });
  });
  const runs: LocalRun[] = [];
  for (const name of names) {
    const inside = await readdir(join(folder, name)).catch(() => []);
    for (const file of inside.filter((each) => /^report(?:-c-[0-9a-f]+)?\.json$/.test(each))) {
      const text = await readFile(join(folder, name, file), 'utf8');
      const run = file === 'report.json' ? join(folder, name) : join(folder, name, file);
      if (isReport(text)) runs.push({ run, report: JSON.parse(text) as Report });
    }
  }
  const endOf = ({ report: { provenance } }: LocalRun): string => provenance.finished ?? '';
  return runs.sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1));
}
