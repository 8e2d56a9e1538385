import sharp from "sharp";
import { loadImage } from "../../ts-client/src/index.ts";

const DEMOS = new URL("../../examples/pictures/", import.meta.url);

/** One of the demo pictures; its README says what each shows. */
export function demoPicture(name: string): Promise<Uint8Array> {
  return loadImage(new URL(name, DEMOS));
}

/** A PNG with a red circle above on the left and a blue square below on the right. */
export function twoShapes(): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="240">
    <rect width="240" height="240" fill="#f2f0ea"/>
    <circle cx="60" cy="60" r="42" fill="#d62828"/>
    <rect x="140" y="140" width="76" height="76" fill="#1d4ed8"/>
  </svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}
