import { UnpairError, type FieldViolation } from '@unpair/errors';
import {
  fileOf,
  heldOutSamplesOf,
  trainingSamplesOf,
  isDerived,
  MAX_SHARD_SIZE,
  parseCampaign,
  planCampaign,
  violationSentence,
  type Campaign,
} from '@unpair/campaign';
import { isDigest, type ArtefactStore } from '@unpair/platform';
import type { CreateCampaignRequest, ModelSource } from '@unpair/protocol';

const longestRequestId = 200;
const largestSpec = 512 * 1024;
const mostLabels = 32;
const priorities = { least: -1_000, most: 1_000 };
const weights = { least: 0.01, most: 100 };

/** What a campaign may come to. */
export interface CampaignLimits {
  readonly maxTasks: number;
}

/**
 * Checks a request as far as it can be checked without the cluster, and says what its campaign is.
 * @throws UnpairError INVALID_ARGUMENT with every violation: of the campaign file by its path in the file
 */
export function checkRequest(request: CreateCampaignRequest, limits: CampaignLimits): Campaign {
  const violations = checkFields(request);
  // What is too long is not read.
  const parsed = violations.some(({ field }) => field === 'spec') ? undefined : parseCampaign(request.spec);
  if (parsed?.ok === true) {
    violations.push(...checkDigests(request, parsed.campaign), ...checkSize(parsed.campaign, limits));
    if (violations.length === 0) return parsed.campaign;
  }
  for (const problem of parsed?.ok === false ? parsed.violations : [])
    violations.push({ field: problem.field, description: violationSentence(problem) });
  throw refused(violations);
}

/** INVALID_ARGUMENT because of all of these. */
export function refused(violations: readonly FieldViolation[]): UnpairError {
  const message = violations.map(({ description }) => description).join(' ');
  return new UnpairError('INVALID_ARGUMENT', message, { violations });
}

/** A plan takes a byte for each task, and the queue and the results of all of them pass through one coordinator. */
function checkSize(campaign: Campaign, { maxTasks }: CampaignLimits): FieldViolation[] {
  const { size } = planCampaign(campaign);
  if (size <= maxTasks) return [];
  const enough = Math.ceil((campaign.shardSize * size) / maxTasks);
  const remedy =
    enough < campaign.dataset.samples && enough <= MAX_SHARD_SIZE
      ? `raise shardSize (${campaign.shardSize}) to about ${enough}`
      : 'ask for fewer models, attacks, parameters or epsilons';
  const description = `the campaign has ${size} tasks, but may have ${maxTasks}: ${remedy}, or lower dataset.samples (${campaign.dataset.samples}).`;
  return [{ field: 'shardSize', description }];
}

function checkFields({ requestId, spec, labels, priority, weight }: CreateCampaignRequest): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (requestId === '' || requestId.length > longestRequestId)
    violations.push(
      violation('request_id', `must have 1 to ${longestRequestId} characters, got ${requestId.length}`),
    );
  if (spec.length > largestSpec)
    violations.push(violation('spec', `must have at most ${largestSpec} characters, got ${spec.length}`));
  const isWord = (text: string): boolean => /^[\w./-]{1,63}$/.test(text);
  const pairs = Object.entries(labels);
  if (pairs.length > mostLabels)
    violations.push(violation('labels', `must be at most ${mostLabels}, got ${pairs.length}`));
  for (const [key, value] of pairs.slice(0, mostLabels)) {
    if (isWord(key) && isWord(value)) continue;
    const allowed = 'key and value of 1 to 63 letters, digits, ".", "_", "-" and "/"';
    violations.push(violation('labels', `must have a ${allowed}, got "${key}=${value}"`));
  }
  return [...violations, ...checkShare({ priority, weight: weight === 0 ? 1 : weight })];
}

/** Checks what a campaign is to get of the workers. */
export function checkShare({
  priority = 0,
  weight = 1,
}: {
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
}): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (!(priority >= priorities.least && priority <= priorities.most)) {
    const allowed = `from ${priorities.least} to ${priorities.most}`;
    violations.push(violation('priority', `must be a whole number ${allowed}, got ${priority}`));
  }
  if (!(weight >= weights.least && weight <= weights.most)) {
    const allowed = `from ${weights.least} to ${weights.most}`;
    violations.push(violation('weight', `must be a number ${allowed}, got ${weight}`));
  }
  return violations;
}

function checkDigests(request: CreateCampaignRequest, campaign: Campaign): FieldViolation[] {
  const files = [...campaign.models].filter(([, entry]) => fileOf(entry) !== undefined).map(([name]) => name);
  const derives = [...campaign.models.values()].some(isDerived) || trainingSamplesOf(campaign) > 0;
  const violations = Object.keys(request.models)
    .filter((name) => !files.includes(name))
    .map((name) =>
      violation(`models.${name}`, `names no model of the campaign file that is read from a file`),
    );
  for (const [name, source] of Object.entries(request.sources)) {
    violations.push(...checkSource(`sources.${name}`, source, files.includes(name)));
  }
  for (const name of files) violations.push(...checkDigest(`models.${name}`, request.models[name] ?? ''));
  violations.push(...checkDigest('samples', request.samples));
  if (derives || request.calibration !== '')
    violations.push(...checkDigest('calibration', request.calibration));
  if (heldOutSamplesOf(campaign) > 0 || request.heldOut !== '')
    violations.push(...checkDigest('held_out', request.heldOut));
  return violations;
}

const formats: readonly string[] = ['onnx', 'tflite', 'tensorflowjs'];

function checkSource(field: string, { format, digest }: ModelSource, isFile: boolean): FieldViolation[] {
  if (!isFile) return [violation(field, `names no model of the campaign file that is read from a file`)];
  const isKnown = formats.includes(format);
  const unknown = `must be one of ${formats.join(', ')}, got "${format}"`;
  return [
    ...(isKnown ? [] : [violation(`${field}.format`, unknown)]),
    ...checkDigest(`${field}.digest`, digest),
  ];
}

function checkDigest(field: string, digest: string): FieldViolation[] {
  if (isDigest(digest)) return [];
  return [violation(field, `must be a SHA-256 of 64 lower-case hexadecimal digits, got "${digest}"`)];
}

function violation(field: string, description: string): FieldViolation {
  return { field, description: `${field} ${description}.` };
}

/**
 * Checks that everything a campaign refers to is stored.
 * @throws UnpairError FAILED_PRECONDITION with one violation for each missing artefact
 */
export async function checkArtefacts(
  request: CreateCampaignRequest,
  artefacts: Pick<ArtefactStore, 'has'>,
): Promise<void> {
  const violations: FieldViolation[] = [];
  for (const [field, digest] of referencesOf(request)) {
    if (await artefacts.has(digest)) continue;
    violations.push(violation(field, `refers to artefact ${digest}, which is not stored: upload it first`));
  }
  if (violations.length === 0) return;
  const message = violations.map(({ description }) => description).join(' ');
  throw new UnpairError('FAILED_PRECONDITION', message, { violations, reason: 'ARTEFACT_MISSING' });
}

/** Every artefact that a request names, with the field that does. */
export function referencesOf(
  request: CreateCampaignRequest,
): readonly (readonly [field: string, digest: string])[] {
  const references: [field: string, digest: string][] = [];
  for (const [name, digest] of Object.entries(request.models)) references.push([`models.${name}`, digest]);
  references.push(['samples', request.samples]);
  if (request.calibration !== '') references.push(['calibration', request.calibration]);
  if (request.heldOut !== '') references.push(['held_out', request.heldOut]);
  return references;
}
