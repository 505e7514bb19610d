/** Smooth seeded pictures: pixels 0 to 255, [count, size, size, 3]. */
export function pictures(count: number, size: number): Uint8Array {
  const pixels = new Uint8Array(count * size * size * 3);
  let at = 0;
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        for (let channel = 0; channel < 3; channel++) {
          const [u, v] = [(x * 32) / size, (y * 32) / size];
          const wave =
            Math.cos(u / (2 + image) + channel) +
            Math.cos(v / (3 + channel) + image) +
            Math.cos((u * v) / 90);
          pixels[at++] = Math.round(127.5 + 42 * wave);
        }
      }
    }
  }
  return pixels;
}
