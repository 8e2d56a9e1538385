/** RGB from CMYK samples as Pillow converts them (`cmyk2rgb` in `src/libImaging/Convert.c`). */
export function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4) {
    const light = 255 - (cmyk[from + 3] as number);
    rgb[to++] = light - multiply(cmyk[from] as number, light);
    rgb[to++] = light - multiply(cmyk[from + 1] as number, light);
    rgb[to++] = light - multiply(cmyk[from + 2] as number, light);
  }
  return rgb;
}

/** a · b / 255, rounded (Pillow's `MULDIV255`). */
function multiply(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/** RGB from 16-bit gray, which Pillow clips to 255 and does not scale (`I16_RGB` in the same file). */
export function gray16ToRgb(gray: Uint16Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0; i < gray.length; i++) rgb.fill(Math.min(gray[i] as number, 255), i * 3, i * 3 + 3);
  return rgb;
}

/** RGB from 8-bit samples of 1 (gray), 2 (gray, alpha), 3 or 4 (RGB, alpha) channels; alpha is dropped. */
export function samplesToRgb(samples: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return samples;
  const rgb = new Uint8Array((samples.length / channels) * 3);
  const step = channels > 2 ? 1 : 0;
  for (let from = 0, to = 0; to < rgb.length; from += channels) {
    rgb[to++] = samples[from] as number;
    rgb[to++] = samples[from + step] as number;
    rgb[to++] = samples[from + 2 * step] as number;
  }
  return rgb;
}
