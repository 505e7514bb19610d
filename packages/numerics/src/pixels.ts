/** The pixel value nearest to a number: in [0, 1]. */
export function toPixel(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Whether a number is outside the range of pixels, [0, 1]. */
export function isOutsidePixels(value: number): boolean {
  return value < 0 || value > 1;
}
