import { frameOf } from "../../scripts/protocol/vectors/frame-text.ts";
import { ACCEPTED } from "./vectors.ts";

/** Larger messages take time and are no harder to read. */
const SMALL = 4096;

/** The frames of the accepted vectors that are small. */
export const SMALL_FRAMES: ReadonlyArray<readonly Uint8Array[]> = [...ACCEPTED.values()]
  .flat()
  .filter(({ frames }) => JSON.stringify(frames).length < SMALL)
  .map(({ frames }) => frames.map(frameOf))
  .filter((frames) => frames.every((frame) => frame.length < SMALL));
