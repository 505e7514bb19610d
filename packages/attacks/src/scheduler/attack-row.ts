/** What came of one attacked sample; the wire format's AttackRow. */
export interface AttackRow {
  /** Position in the data set. */
  readonly sample: number;
  readonly label: number;
  /** Whether the target classified the clean input correctly (query 0). If not, it was not attacked. */
  readonly cleanCorrect: boolean;
  /** Whether the surrogate did, or the mean of several; false where there is none. */
  readonly surrogateCorrect: boolean;
  /** Whether the target was led to the goal within epsilon. */
  readonly success: boolean;
  /** Whether the adversarial example still succeeds when its pixels are rounded to 8 bits (evaluated apart, unbilled). */
  readonly successRounded: boolean;
  /** Billed evaluations of the target. */
  readonly queries: number;
  /** Gradients of the surrogate; of several, of the one that was asked most. */
  readonly surrogateQueries: number;
  /**
   * Distances of the adversarial example from the clean input; 0 where there is none. An attack that finds the nearest
   * has one beyond epsilon too, without success.
   */
  readonly linf: number;
  readonly l2: number;
  /** Gradients of the surrogate that were 0 everywhere, and so had no direction; of several, of the one with most. */
  readonly zeroGradients: number;
  /** In the same way, those with entries that are no finite numbers, and were taken for 0. */
  readonly invalidGradients: number;
  /** Forward passes of the surrogate without a gradient; of several, of the one that was asked most. */
  readonly surrogateForwards: number;
  /**
   * Of an attack that finds the nearest: how far, in the threat's norm, the nearest example was that so many queries had
   * found, or all that were spent; 0 where there was none. Success within any other epsilon is read off them.
   */
  readonly distance100: number;
  readonly distance300: number;
  readonly distance1000: number;
  readonly distance3000: number;
  readonly distance10000: number;
}
