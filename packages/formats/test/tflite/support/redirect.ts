/** A copy of a TFLite file whose only output is another tensor of its: LiteRT shows outputs alone. */
export function withOutput(file: Uint8Array, tensor: number): Uint8Array {
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  const follow = (at: number): number => at + view.getUint32(at, true);
  const field = (table: number, index: number): number => {
    const vtable = table - view.getInt32(table, true);
    return table + view.getUint16(vtable + 4 + 2 * index, true);
  };
  const subgraphs = follow(field(follow(0), 2));
  const outputs = follow(field(follow(subgraphs + 4), 2));
  if (view.getUint32(outputs, true) !== 1) throw new RangeError('the file has several outputs');
  view.setInt32(outputs + 4, tensor, true);
  return copy;
}
