/** Samples that are decoded already: rows from the top, 8 bits each. */
export interface DecodedImage {
  /** [height, width, channels]. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** @unit pixels */
  readonly width: number;
  /** @unit pixels */
  readonly height: number;
  /** 1 is gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha; alpha is dropped, as by Pillow's `convert("RGB")`. */
  readonly channels: 1 | 2 | 3 | 4;
}

/**
 * A picture: the bytes of a JPEG, PNG, WebP or GIF file, or decoded samples. Read a file with `loadImage`.
 * Nothing here is ever taken for a path or an address.
 */
export type ImageInput = Uint8Array | ArrayBuffer | Blob | DecodedImage;
