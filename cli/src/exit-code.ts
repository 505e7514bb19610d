/** What the shell gets to know; documented in `unpair --help`. */
export const EXIT = {
  ok: 0,
  /** It was asked for rightly, but did not work. */
  failure: 1,
  /** What was asked for is wrong: arguments, a campaign file, a model, data. */
  badInput: 2,
  /** Stopped by Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
