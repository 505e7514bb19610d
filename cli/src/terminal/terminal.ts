import type { Progress } from './progress.js';

/** Where a command's words go. Results go to standard output, everything else to standard error. */
export interface Terminal {
  /** Whether standard output is a screen. */
  readonly isInteractive: boolean;
  /** Prints a result: text for people, or JSON. */
  readonly print: (text: string) => void;
  /** Says something that is no result. */
  readonly note: (text: string) => void;
  /** Writes raw bytes to standard output and waits until they are taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** A progress display; end it before printing. */
  progress(): Progress;
}
