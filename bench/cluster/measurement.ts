/** How long a campaign took. */
export interface Measurement {
  /** From the start of the first task to the last result. */
  readonly seconds: number;
  /** Everything: starting processes, uploads, the report, shutting down. */
  readonly wallSeconds: number;
  /** What the tasks say they took, added up: less than workers × seconds by what workers waited. */
  readonly busySeconds: number;
  /** Digest of all rows: equal where the same work was done. */
  readonly digest: string;
}
