import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Writes what was asked for: one line or more on stdout. */
export function answer(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes what was asked for as one JSON document on stdout. */
export function answerJson(value: unknown): void {
  answer(JSON.stringify(value, undefined, 2));
}

/** Writes a remark on stderr, out of the way of whoever reads the answer. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Colours a text where the stream shows colours: a terminal, without NO_COLOR. */
export function paint(stream: NodeJS.WriteStream, style: Style, text: string): string {
  // `hasColors` heeds NO_COLOR, FORCE_COLOR and TERM=dumb, and is missing off a terminal.
  return stream.isTTY && stream.hasColors() ? styleText(style, text) : text;
}

/** `3.4 GB`; decimal units, as disks and GPUs are sold. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
