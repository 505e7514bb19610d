import { UnpairError, type FieldViolation } from '@unpair/errors';
import { fileOf, heldOutSamplesOf, parseCampaign, violationSentence, type Campaign } from '@unpair/campaign';
import { isDigest, type ArtefactStore } from '@unpair/platform';
import type { CreateCampaignRequest, ModelSource } from '@unpair/protocol';

const longestRequestId = 200;
const largestSpec = 512 * 1024;

/**
 * Checks a request as far as it can be checked without the cluster, and says what its campaign is.
 * @throws UnpairError INVALID_ARGUMENT with every violation: of the campaign file by its path in the file
 */
export function checkRequest(request: CreateCampaignRequest): Campaign {
  const violations = checkFields(request);
  const parsed = parseCampaign(request.spec);
  if (parsed.ok) violations.push(...checkDigests(request, parsed.campaign));
  else {
    for (const violation of parsed.violations) {
      violations.push({ field: violation.field, description: violationSentence(violation) });
    }
  }
  if (parsed.ok && violations.length === 0) return parsed.campaign;
  const message = violations.map(({ description }) => description).join(' ');
  throw new UnpairError('INVALID_ARGUMENT', message, { violations });
}

function checkFields({ requestId, spec }: CreateCampaignRequest): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (requestId === '' || requestId.length > longestRequestId) {
    const description = `request_id must have 1 to ${longestRequestId} characters, got ${requestId.length}.`;
    violations.push({ field: 'request_id', description });
  }
  if (spec.length > largestSpec) {
    const description = `spec must have at most ${largestSpec} characters, got ${spec.length}.`;
    violations.push({ field: 'spec', description });
  }
  return violations;
}

function checkDigests(request: CreateCampaignRequest, campaign: Campaign): FieldViolation[] {
  const files = [...campaign.models].filter(([, entry]) => fileOf(entry) !== undefined).map(([name]) => name);
  const derives = files.length < campaign.models.size;
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
  artefacts: ArtefactStore,
): Promise<void> {
  const references: [field: string, digest: string][] = [];
  for (const [name, digest] of Object.entries(request.models)) references.push([`models.${name}`, digest]);
  references.push(['samples', request.samples]);
  if (request.calibration !== '') references.push(['calibration', request.calibration]);
  if (request.heldOut !== '') references.push(['held_out', request.heldOut]);
  const violations: FieldViolation[] = [];
  for (const [field, digest] of references) {
    if (await artefacts.has(digest)) continue;
    violations.push(violation(field, `refers to artefact ${digest}, which is not stored: upload it first`));
  }
  if (violations.length === 0) return;
  const message = violations.map(({ description }) => description).join(' ');
  throw new UnpairError('FAILED_PRECONDITION', message, { violations });
}
