import type { Readable } from "node:stream";

/** Characters kept of a line; the rest is dropped. */
const LONGEST_LINE = 8 * 1024;

/**
 * Reads a stream to its end, line by line: a pipe that nobody reads would block the process that writes to it.
 * Progress bars end their lines with a carriage return alone, and some output has no line ends at all, so what is
 * kept of a line is bounded. Resolves when the stream is closed.
 */
export function followLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  let line = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const [head = "", ...others] = text.split(/[\r\n]+/);
    line = (line + head).slice(0, LONGEST_LINE);
    for (const next of others) {
      if (line !== "") onLine(line);
      line = next.slice(0, LONGEST_LINE);
    }
  });
  stream.on("end", () => {
    if (line !== "") onLine(line);
  });
  stream.on("error", () => {
    // The stream ends with the process.
  });
  return new Promise((resolve) => stream.once("close", resolve));
}
