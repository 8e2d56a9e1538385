import { InstructBlipError } from "../errors/index.ts";

/**
 * The error for a message that breaks the protocol. `path` says where: `preamble.*` for frame 0, `frames` for
 * their number, `header` for its size or encoding, `header.<field>` for its content, `tensors` or `tensors[i]`
 * for tensor frames.
 */
export function protocolError(message: string, path: string, cause?: unknown): InstructBlipError {
  return new InstructBlipError("PROTOCOL", `${message} (at ${path})`, { path, cause });
}
