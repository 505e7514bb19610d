import { UnpairError } from '@unpair/errors';

/** Why an endpoint did not answer, as far as that matters to who asks again. */
export class EndpointFailure extends Error {
  override readonly name = 'EndpointFailure';
  /** Whether the same question may be answered later. */
  readonly passing: boolean;
  /** Milliseconds after which the endpoint wants to be asked again; undefined where it does not say. */
  readonly after: number | undefined;

  constructor(
    problem: string,
    { passing = false, after }: { readonly passing?: boolean; readonly after?: number | undefined } = {},
  ) {
    super(problem);
    this.passing = passing;
    this.after = after;
  }
}

/** The end of a task whose endpoint does not do: a sentence that names it, and nothing that it was shown. */
export function endpointError(url: string, model: string, problem: string): UnpairError {
  return new UnpairError('FAILED_PRECONDITION', `The endpoint ${url}, model "${model}", ${problem}.`);
}

/** HTTP states that pass: the server, or what stands before it, is busy or gone for a while. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);
const TOKEN_REFUSED = new Set([401, 403]);
/** As much of what an endpoint says as a sentence holds. */
const SAID = 200;

/** What an HTTP answer without a result comes to. @param retryAfter its header, in seconds */
export function failureOfStatus(
  status: number,
  body: string,
  { retryAfter, token }: { readonly retryAfter: string | null; readonly token?: string | undefined },
): EndpointFailure {
  if (TOKEN_REFUSED.has(status)) return new EndpointFailure(`refuses the token (HTTP ${status})`);
  const seconds = retryAfter === null || !/^\d+$/.test(retryAfter) ? undefined : Number(retryAfter);
  const after = seconds === undefined ? undefined : seconds * 1000;
  const said = withoutToken(errorIn(body), token);
  const problem = `answers with HTTP ${status}${said === '' ? '' : `: ${said}`}`;
  return new EndpointFailure(problem, { passing: PASSING.has(status), after });
}

/** What an endpoint says, short enough for a sentence, and without the token should it repeat that. */
export function withoutToken(text: string, token: string | undefined): string {
  const hidden = token === undefined ? text : text.replaceAll(token, '…');
  return hidden.slice(0, SAID).replace(/\.$/, '');
}

function errorIn(body: string): string {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown };
    return typeof error === 'string' ? error : '';
  } catch {
    return '';
  }
}
