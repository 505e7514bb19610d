import type { Code } from './code.js';

/**
 * What programs may act on beyond the code, as `unpair.v1.ErrorReason` lists it: the code that it comes with and, where
 * the same call may succeed later, the seconds to wait first.
 */
const reasons = {
  NOT_LEADING: { code: 'UNAVAILABLE', retrySeconds: 1 },
  TAKING_IN_RESULTS: { code: 'UNAVAILABLE', retrySeconds: 1 },
  BROKER_UNAVAILABLE: { code: 'UNAVAILABLE', retrySeconds: 1 },
  STORAGE_FULL: { code: 'RESOURCE_EXHAUSTED', retrySeconds: 30 },
  TOO_MANY_UPLOADS: { code: 'RESOURCE_EXHAUSTED', retrySeconds: 5 },
  REPORT_TOO_LARGE: { code: 'RESOURCE_EXHAUSTED', retrySeconds: undefined },
  CAMPAIGN_NOT_FOUND: { code: 'NOT_FOUND', retrySeconds: undefined },
  AMBIGUOUS_ID: { code: 'INVALID_ARGUMENT', retrySeconds: undefined },
  ARTEFACT_MISSING: { code: 'FAILED_PRECONDITION', retrySeconds: undefined },
  WRONG_STATE: { code: 'FAILED_PRECONDITION', retrySeconds: undefined },
  INVALID_IN_THIS_VERSION: { code: 'FAILED_PRECONDITION', retrySeconds: undefined },
  CHANGED_MEANWHILE: { code: 'ABORTED', retrySeconds: 1 },
  UPLOAD_STALLED: { code: 'DEADLINE_EXCEEDED', retrySeconds: 1 },
} as const satisfies Record<string, { readonly code: Code; readonly retrySeconds: number | undefined }>;

/** Why a call was refused, where the code does not tell enough. */
export type Reason = keyof typeof reasons;

/** All of them. */
export const allReasons = Object.keys(reasons) as readonly Reason[];

/** The code that a reason comes with. */
export function codeOfReason(reason: Reason): Code {
  return reasons[reason].code;
}

/** After how long a code is worth repeating by itself: space takes longer to come back than a process. */
const ofCode: Partial<Record<Code, number>> = { UNAVAILABLE: 1, ABORTED: 1, RESOURCE_EXHAUSTED: 30 };

/** Seconds after which the same call may succeed; undefined where it would not. */
export function retrySecondsOf(code: Code, reason: Reason | undefined): number | undefined {
  return reason === undefined ? ofCode[code] : reasons[reason].retrySeconds;
}
