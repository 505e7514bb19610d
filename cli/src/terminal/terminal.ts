import type { Progress } from './progress.js';

/** Where a command's words go. Results go to standard output, everything else to standard error. */
export interface Terminal {
  /** Whether standard output is a screen. */
  readonly isInteractive: boolean;
  /** Columns of standard output; 80 where it is no screen. */
  readonly width: number;
  /** Whether standard output shows ANSI styles, and nobody said NO_COLOR. */
  readonly color: boolean;
  /** Prints a result: text for people, or JSON. */
  readonly print: (text: string) => void;
  /** Prints a long result: on a screen through the reader's pager. */
  page(text: string): Promise<void>;
  /** Says something that is no result. */
  readonly note: (text: string) => void;
  /** Writes raw bytes to standard output and waits until they are taken. */
  write(bytes: Uint8Array): Promise<void>;
  /** A progress display; end it before printing. */
  progress(): Progress;
}
