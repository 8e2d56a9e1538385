const TABLE_SIZE = 4096;

/**
 * Unpacks GIF's variable-length LZW codes to `count` palette indices.
 *
 * @returns undefined when the codes are damaged or end too early
 */
export function unpackLzw(data: Uint8Array, minimumCodeSize: number, count: number): Uint8Array | undefined {
  if (minimumCodeSize < 1 || minimumCodeSize > 8) return undefined;
  const clear = 1 << minimumCodeSize;
  const prefix = new Uint16Array(TABLE_SIZE);
  const lengths = new Uint16Array(TABLE_SIZE);
  const last = new Uint8Array(TABLE_SIZE);
  for (let code = 0; code < clear; code++) {
    last[code] = code;
    lengths[code] = 1;
  }
  const output = new Uint8Array(count);
  let size = minimumCodeSize + 1;
  let next = clear + 2;
  let previous = -1;
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  let read = 0;

  while (at < count) {
    while (bitCount < size) {
      if (read === data.length) return undefined;
      bits |= (data[read++] as number) << bitCount;
      bitCount += 8;
    }
    const code = bits & ((1 << size) - 1);
    bits >>>= size;
    bitCount -= size;

    if (code === clear) {
      size = minimumCodeSize + 1;
      next = clear + 2;
      previous = -1;
      continue;
    }
    if (code === clear + 1) return undefined;
    if (previous === -1) {
      if (code > clear) return undefined;
      output[at++] = code;
      previous = code;
      continue;
    }
    if (code > next || (code === next && next >= TABLE_SIZE)) return undefined;

    // A code that is not yet in the table stands for the previous string and its own first index again.
    const known = code < next ? code : previous;
    const length = (lengths[known] as number) + (code < next ? 0 : 1);
    let walk = known;
    for (let i = (lengths[known] as number) - 1; i >= 0; i--) {
      if (at + i < count) output[at + i] = last[walk] as number;
      walk = prefix[walk] as number;
    }
    const first = output[at] as number;
    if (code === next && at + length - 1 < count) output[at + length - 1] = first;
    at += length;

    if (next < TABLE_SIZE) {
      prefix[next] = previous;
      last[next] = first;
      lengths[next] = (lengths[previous] as number) + 1;
      if (next === (1 << size) - 1 && size < 12) size++;
      next++;
    }
    previous = code;
  }
  return output;
}
