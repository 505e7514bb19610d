/**
 * Inner product, accumulated in double precision. Four partial sums, because one alone would wait for each addition
 * before it starts the next.
 */
export function dot(a: Float32Array, b: Float32Array): number {
  const whole = a.length - (a.length % 4);
  let [first, second, third, fourth] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    first += (a[i] ?? 0) * (b[i] ?? 0);
    second += (a[i + 1] ?? 0) * (b[i + 1] ?? 0);
    third += (a[i + 2] ?? 0) * (b[i + 2] ?? 0);
    fourth += (a[i + 3] ?? 0) * (b[i + 3] ?? 0);
  }
  for (let i = whole; i < a.length; i++) first += (a[i] ?? 0) * (b[i] ?? 0);
  return first + second + (third + fourth);
}

/** Euclidean norm, accumulated in double precision. */
export function norm(a: Float32Array): number {
  return Math.sqrt(dot(a, a));
}

/** Cosine of the angle between two vectors; 0 when either has no direction. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const lengths = norm(a) * norm(b);
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** a ← a + scale · b, in place. */
export function addScaled(a: Float32Array, scale: number, b: Float32Array): void {
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) + scale * (b[i] ?? 0);
}

/** Scales `a` in place to root-mean-square 1 (norm √n). Returns whether it had a direction to keep. */
export function normaliseRms(a: Float32Array): boolean {
  const length = norm(a);
  if (!(length > 0 && Number.isFinite(length))) return false;
  const scale = Math.sqrt(a.length) / length;
  for (let i = 0; i < a.length; i++) a[i] = (a[i] ?? 0) * scale;
  return true;
}
