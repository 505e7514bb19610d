import { isCode, UnpairError, type FieldViolation } from '@unpair/errors';
import { explainSystemError } from '@unpair/files';
import { CommanderError } from 'commander';

import type { ExitCode } from './exit-code.js';
import { EXIT } from './exit-code.js';

/** Canonical gRPC codes that blame the input: what was asked for, or a path that was given. */
const BAD_INPUT: ReadonlySet<string> = new Set([
  'INVALID_ARGUMENT',
  'OUT_OF_RANGE',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
]);

/** The error that lists everything wrong with a file that the user wrote. */
export function invalidFile(path: string, problems: readonly FieldViolation[]): UnpairError {
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`;
  return new UnpairError('INVALID_ARGUMENT', `${path} has ${count}:`, { violations: problems });
}

/** What to print about an error, and how to exit. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly lines: readonly string[];
}

/**
 * Turns anything thrown into what the user reads: one sentence, or the list of everything wrong with the input.
 * Errors that no package meant for users are shown with their stack, because they are defects.
 */
export async function describeFailure(error: unknown): Promise<Failure> {
  if (error instanceof CommanderError) {
    return { exitCode: error.exitCode === 0 ? EXIT.ok : EXIT.badInput, lines: [] };
  }
  return error instanceof Error
    ? describeError(explainSystemError(error) as Error)
    : { exitCode: EXIT.failure, lines: [`error: ${String(error)}`] };
}

async function describeError(error: Error): Promise<Failure> {
  const { code, violations } = error as { readonly code?: unknown; readonly violations?: unknown };
  if (error.name === 'AbortError' || code === 'CANCELLED') {
    return { exitCode: EXIT.interrupted, lines: [`interrupted: ${error.message}`] };
  }
  if (isCode(code)) {
    const exitCode = BAD_INPUT.has(code) ? EXIT.badInput : EXIT.failure;
    return {
      exitCode,
      lines: [`error: ${error.message}`, ...listOf(violations, error.message), ...(await whenAgain(error))],
    };
  }
  return { exitCode: EXIT.failure, lines: [`internal error: ${error.stack ?? error.message}`] };
}

/** What a cluster without room says of when it may have some. */
async function whenAgain(error: Error): Promise<readonly string[]> {
  if (UnpairError.from(error).code !== 'RESOURCE_EXHAUSTED') return [];
  // Loaded for what came from a cluster alone: most commands end without it.
  const { retryDelayIn } = await import('@unpair/platform');
  const seconds = retryDelayIn(error);
  return seconds === undefined
    ? []
    : [`  nothing is lost: the same command goes on, in ${seconds} s or later`];
}

/** Each violation in a line; none of one that the message says already. */
function listOf(violations: unknown, message: string): readonly string[] {
  if (!Array.isArray(violations)) return [];
  const others = violations.filter(isProblem).filter(({ description }) => description !== message);
  return others.map((problem) => `  ${lineOf(problem)}`);
}

/** A sentence that begins with its field as it is; what speaks of something else, such as a file, behind the field. */
function lineOf({ field, description }: FieldViolation): string {
  return description.startsWith(`${field} `) ? description : `${field}: ${description}`;
}

function isProblem(value: unknown): value is FieldViolation {
  return typeof value === 'object' && value !== null && 'field' in value && 'description' in value;
}
