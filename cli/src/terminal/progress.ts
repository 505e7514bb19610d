/** One state of something that takes long. */
export interface ProgressState {
  /** What is being done: `attack`, `downloading …`. */
  readonly label: string;
  /** 0–1; undefined while unknown. */
  readonly fraction?: number | undefined;
  /** Further words: counts, time left. */
  readonly detail?: string | undefined;
}

/** Shows how far something has come. */
export interface Progress {
  update(state: ProgressState): void;
  /** Removes the bar, or completes the lines. Idempotent. */
  end(): void;
}

/** The part of a stream that progress needs. */
export interface ProgressStream {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const BAR_WIDTH = 24;
const CLEAR_LINE = '\r\u001b[2K';

/** A bar that is redrawn in place, for terminals. */
export function progressBar(stream: ProgressStream): Progress {
  let shown = false;
  return {
    update(state) {
      const text = [bar(state.fraction), percent(state.fraction), state.label, state.detail]
        .filter(Boolean)
        .join('  ');
      stream.write(CLEAR_LINE + text.slice(0, Math.max(20, (stream.columns ?? 80) - 1)));
      shown = true;
    },
    end() {
      if (shown) stream.write(CLEAR_LINE);
      shown = false;
    },
  };
}

export interface ProgressLinesOptions {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** A line for the same label comes no sooner than this many milliseconds after the one before. */
  readonly interval?: number;
}

/** Plain lines for logs: one whenever the label changes, and one now and then in between. */
export function progressLines(
  stream: ProgressStream,
  { now, interval = 5_000 }: ProgressLinesOptions,
): Progress {
  let last: { readonly label: string; readonly time: number; readonly text: string } | undefined;
  return {
    update(state) {
      const text = [percent(state.fraction), state.label, state.detail].filter(Boolean).join('  ');
      const due = last?.label !== state.label || now() - last.time >= interval;
      if (!due || last?.text === text) return;
      last = { label: state.label, time: now(), text };
      stream.write(`${text}\n`);
    },
    end() {
      last = undefined;
    },
  };
}

function bar(fraction = 0): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`.padStart(5);
}
