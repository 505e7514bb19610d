/** Cuts a stream of bytes into pieces of one size; the last may be shorter, none is empty. */
export async function* inPieces(
  content: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of content) {
    for (let offset = 0; offset < chunk.length;) {
      const part = chunk.subarray(offset, offset + size - length);
      pending.push(part);
      length += part.length;
      offset += part.length;
      if (length === size) {
        yield pending.length === 1 ? part : Buffer.concat(pending);
        pending = [];
        length = 0;
      }
    }
  }
  if (length > 0) yield Buffer.concat(pending);
}
