/**
 * A frame in a vector file: hexadecimal digits, or parts, where `[digits, times]` stands for that many
 * repetitions.
 */
export type FrameText = string | ReadonlyArray<string | readonly [string, number]>;

/** The frame that a text stands for. */
export function frameOf(text: FrameText): Buffer {
  if (typeof text === "string") return Buffer.from(text, "hex");
  return Buffer.concat(
    text.map((part) => {
      if (typeof part === "string") return Buffer.from(part, "hex");
      const [digits, times] = part;
      return Buffer.alloc((digits.length / 2) * times, Buffer.from(digits, "hex"));
    }),
  );
}

/** Bytes that repetition must save before it is written as such. */
const WORTH = 96;
const LONGEST_PERIOD = 256;

/** The shortest text it finds for a frame. */
export function frameText(frame: Uint8Array): FrameText {
  if (frame.length < WORTH) return Buffer.from(frame).toString("hex");
  const parts: Array<string | readonly [string, number]> = [];
  let plain = 0;
  let at = 0;
  const flush = (end: number) => {
    if (end > plain) parts.push(Buffer.from(frame.subarray(plain, end)).toString("hex"));
  };
  while (at < frame.length) {
    const run = longestRun(frame, at);
    if (run === undefined) {
      at += 1;
      continue;
    }
    flush(at);
    parts.push([Buffer.from(frame.subarray(at, at + run.period)).toString("hex"), run.times]);
    at += run.period * run.times;
    plain = at;
  }
  flush(frame.length);
  return parts.length === 1 && typeof parts[0] === "string" ? parts[0] : parts;
}

function longestRun(frame: Uint8Array, at: number): { period: number; times: number } | undefined {
  for (let period = 1; period <= LONGEST_PERIOD && at + 2 * period <= frame.length; period++) {
    let end = at + period;
    while (end < frame.length && frame[end] === frame[end - period]) end += 1;
    const times = Math.floor((end - at) / period);
    if ((times - 1) * period >= WORTH) return { period, times };
  }
  return undefined;
}
