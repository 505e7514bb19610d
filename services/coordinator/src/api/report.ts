import {
  buildReport,
  readChoice,
  type Choice,
  type Draw,
  type ModelFacts,
  type Report,
} from '@unpair/campaign';
import { systemClock, type ArtefactStore } from '@unpair/platform';
import { ReportForm, ReportMessage, type GetReportResponse } from '@unpair/protocol';
import type { CampaignRun } from '../campaigns/campaign-run.js';
import { UnpairError } from '@unpair/errors';
import { Breath } from '../results/breath.js';
import { curvesOf } from '../results/curves.js';
import type { ResultStore } from '../results/result-store.js';
import { StoredResults } from '../results/stored-results.js';
import { asMessage } from './report-message.js';

export interface ReportSources {
  readonly store: ResultStore;
  readonly artefacts: ArtefactStore;
  /** Computes what takes long. */
  readonly draw: Draw;
  /** Versions of Unpair and of what the coordinator runs on. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Bytes of a report that fit one message of 4 MiB, which is all that gRPC takes, with what is around them. */
const mostInOneMessage = 4 * 2 ** 20 - 1_024;
const chunkSize = 256 * 1_024;

/**
 * A report as one message, in the form that was asked for.
 * @throws UnpairError RESOURCE_EXHAUSTED where it is too large for one
 */
export function asOneMessage(report: Report, form?: ReportForm): GetReportResponse {
  const text = JSON.stringify(report);
  const isMessage = form === ReportForm.MESSAGE;
  const message = isMessage ? asMessage(text) : undefined;
  const bytes =
    message === undefined ? Buffer.byteLength(text) : ReportMessage.encode(message).finish().length;
  if (bytes <= mostInOneMessage) return { report: isMessage ? '' : text, message };
  const sentence = `The report has ${bytes} bytes, and one message at most ${mostInOneMessage}: ask for it by StreamReport.`;
  throw new UnpairError('RESOURCE_EXHAUSTED', sentence, { reason: 'REPORT_TOO_LARGE' });
}

/** A report in pieces of JSON. */
export function* inChunks(report: Report): Generator<Buffer, void, undefined> {
  const bytes = Buffer.from(JSON.stringify(report));
  for (let at = 0; at < bytes.length; at += chunkSize) yield bytes.subarray(at, at + chunkSize);
}

/** The report over a campaign's results so far. */
export async function reportOf(
  run: CampaignRun,
  sources: ReportSources,
  signal: AbortSignal,
): Promise<Report> {
  const { store, versions, draw } = sources;
  const { createTime, endTime } = run.snapshot();
  const breath = new Breath(systemClock);
  const workers = await store.workerShares(run.id);
  return buildReport(
    {
      campaign: run.file,
      file: run.record.request?.spec,
      plan: run.plan,
      results: new StoredResults(store, run.id),
      models: await modelFacts(run, sources),
      choices: await choicesOf(run, sources, signal),
      integrity: {
        results: run.count('done'),
        failed: run.count('failed'),
        deadLetters: run.count('dead'),
        cancelled: run.count('cancelled'),
        wastedQueries: run.wastedQueries,
      },
      provenance: {
        versions,
        runtime: [...new Set(workers.map(({ runtime }) => runtime))].sort(),
        workers,
        started: createTime?.toISOString() ?? null,
        finished: endTime?.toISOString() ?? null,
      },
    },
    { signal, pause: () => breath.take(), draw },
  );
}

/** What trials came to, as far as they are over: their artefacts say it. */
async function choicesOf(
  run: CampaignRun,
  { artefacts }: Pick<ReportSources, 'artefacts'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Choice>> {
  const choices = new Map<string, Choice>();
  for (const { id, preparation } of run.plan.cells) {
    const digest = preparation?.on === 'attacked' ? run.digest(id) : undefined;
    if (digest === undefined || !(await artefacts.has(digest))) continue;
    const pieces: Uint8Array[] = [];
    for await (const piece of artefacts.get(digest, signal)) pieces.push(piece);
    choices.set(id, readChoice(Buffer.concat(pieces)));
  }
  return choices;
}

/** Sizes and weights come with results; the size of a file that no result speaks of, from the artefact store. */
async function modelFacts(
  run: CampaignRun,
  { store, artefacts }: ReportSources,
): Promise<ReadonlyMap<string, ModelFacts>> {
  const known = new Map((await store.models(run.id)).map((model) => [model.model, model]));
  const curves = await curvesOf(store, run.id);
  const facts = new Map<string, ModelFacts>();
  for (const name of run.file.models.keys()) {
    const digest = run.digest(name) ?? null;
    const model = known.get(name);
    const bytes = model?.bytes ?? (digest === null ? null : ((await artefacts.size(digest)) ?? null));
    const { parameters = null, nonZero = null, macs = null, queries = null } = model ?? {};
    const failure = run.modelFailure(name) ?? null;
    const source = run.source(name);
    const training = curves.get(name);
    facts.set(name, { digest, bytes, parameters, nonZero, macs, queries, failure, source, training });
  }
  return facts;
}
