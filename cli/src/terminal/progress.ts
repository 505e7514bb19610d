/** One state of something that takes long. */
export interface ProgressState {
  /** What is being done: `attack`, `downloading …`. */
  readonly label: string;
  /** 0–1; undefined while unknown. */
  readonly fraction?: number | undefined;
  /** Further words: counts, time left. */
  readonly detail?: string | undefined;
  /** What is under way within it, each on a line of its own. */
  readonly parts?: readonly ProgressPart[] | undefined;
}

/** Part of something that takes long. */
export interface ProgressPart {
  /** Tells it from the other parts. */
  readonly label: string;
  readonly detail: string;
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
/** Parts that a bar shows: with the line above them, no more lines than any screen has. */
const PARTS_SHOWN = 8;
const CLEAR_LINE = '\r\u001b[2K';
const LINE_UP = '\u001b[1A';

/** A bar, and a line for each part, that are redrawn in place, for terminals. */
export function progressBar(stream: ProgressStream): Progress {
  let shown = 0;
  const clear = (): string => CLEAR_LINE + (LINE_UP + CLEAR_LINE).repeat(Math.max(0, shown - 1));
  return {
    update(state) {
      const width = Math.max(20, (stream.columns ?? 80) - 1);
      const lines = [barLine(state), ...partLines(state.parts)].map((line) => line.slice(0, width));
      stream.write(clear() + lines.join('\n'));
      shown = lines.length;
    },
    end() {
      if (shown > 0) stream.write(clear());
      shown = 0;
    },
  };
}

function barLine({ fraction, label, detail }: ProgressState): string {
  return words(bar(fraction), percent(fraction), label, detail);
}

function partLines(parts: readonly ProgressPart[] = []): readonly string[] {
  const lines = parts.slice(0, PARTS_SHOWN).map(({ label, detail }) => words(label, detail));
  return parts.length > PARTS_SHOWN ? [...lines, `and ${parts.length - PARTS_SHOWN} more`] : lines;
}

export interface ProgressLinesOptions {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** A line for the same label comes no sooner than this many milliseconds after the one before. */
  readonly interval?: number;
}

/** Plain lines for logs, of the whole and of each part: one whenever the label changes, and one now and then in between. */
export function progressLines(
  stream: ProgressStream,
  { now, interval = 5_000 }: ProgressLinesOptions,
): Progress {
  const last = new Map<string, { readonly label: string; readonly time: number; readonly text: string }>();
  const say = (key: string, label: string, text: string): void => {
    const before = last.get(key);
    const due = before?.label !== label || now() - before.time >= interval;
    if (!due || before?.text === text) return;
    last.set(key, { label, time: now(), text });
    stream.write(`${text}\n`);
  };
  return {
    update({ label, fraction, detail, parts = [] }) {
      say('', label, words(percent(fraction), label, detail));
      for (const part of parts) say(`part ${part.label}`, part.label, words(part.label, part.detail));
    },
    end() {
      last.clear();
    },
  };
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join('  ');
}

function bar(fraction = 0): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_WIDTH);
  return '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? '' : `${Math.floor(fraction * 100)} %`.padStart(5);
}
