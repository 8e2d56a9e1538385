import type { z } from "zod";
import { type HeaderMap, readHeader } from "./header-reader.ts";
import type { KindName } from "./kinds.ts";
import type { Message } from "./message.ts";
import { readPreamble } from "./preamble.ts";
import { protocolError } from "./protocol-error.ts";
import { HEADER_SCHEMAS } from "./schema/index.ts";
import { checkSizes } from "./sizes.ts";
import { carriesTensors, readTensors, type TensorSpec } from "./tensor-frames.ts";
import { checkTensorReferences } from "./tensor-references.ts";

/**
 * The message of some frames (without routing id); its tensors are views of them where they are aligned.
 * Fields that this version does not know are dropped.
 *
 * @returns undefined for a message of an unknown kind that its sender marked as ignorable
 * @throws PROTOCOL, and nothing else, with the `path` of what is wrong
 */
export function decodeMessage(frames: readonly Uint8Array[]): Message | undefined {
  const { kind, tensors: count } = readPreamble(frames[0]);
  if (kind === undefined) return undefined;
  const [, body, ...raw] = frames;
  if (body === undefined || raw.length !== count) {
    throw protocolError(`the preamble announces ${2 + count} frames, but ${frames.length} came`, "frames");
  }
  if (count > 0 && !carriesTensors(kind)) {
    throw protocolError(`${kind} carries no tensors, but ${count} came`, "preamble.tensors");
  }
  checkSizes(kind, body.byteLength, raw);
  const header = checkHeader(kind, readHeader(body));
  const specs: readonly TensorSpec[] = "tensors" in header ? header.tensors : [];
  // The schema of this kind has just made the header.
  const message = { kind, header, tensors: readTensors(specs, raw) } as Message;
  checkTensorReferences(message);
  return message;
}

function checkHeader(kind: KindName, header: HeaderMap): Message["header"] {
  const parsed = HEADER_SCHEMAS[kind].safeParse(header);
  if (parsed.success) return parsed.data;
  const { path, message } = deepest(parsed.error.issues);
  throw protocolError(message, `header.${fieldPath(path)}`);
}

/** The first issue; of a union's branches the one that came furthest. */
function deepest(issues: readonly z.core.$ZodIssue[]): { path: readonly PropertyKey[]; message: string } {
  const [issue] = issues;
  if (issue === undefined) return { path: [], message: "invalid" };
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.filter((branch) => branch.length > 0).map(deepest);
  const furthest = inner.reduce((a, b) => (b.path.length > a.path.length ? b : a), { ...issue, path: [] });
  return { path: [...issue.path, ...furthest.path], message: furthest.message };
}

/** `["items", 0, "image"]` as `items[0].image`. */
function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .slice(1);
}
