import type { Message } from "./message.ts";
import { protocolError } from "./protocol-error.ts";
import type { HeaderOf } from "./schema/index.ts";

/**
 * Checks that every position a header names is one of the message's tensors.
 *
 * @throws PROTOCOL with the path of the field
 */
export function checkTensorReferences(message: Message): void {
  for (const [path, index] of tensorReferences(message)) {
    if (index >= message.tensors.length) {
      throw protocolError(`names tensor ${index}, but ${message.tensors.length} came`, `header.${path}`);
    }
  }
}

function tensorReferences(message: Message): Array<[path: string, index: number]> {
  switch (message.kind) {
    case "SUBMIT":
      return message.header.items.flatMap(({ op }, i) => {
        return opReferences(op).map(([path, index]): [string, number] => [`items[${i}].op.${path}`, index]);
      });
    case "RESULT":
      return Object.entries(message.header.outputs).map(([name, index]) => [`outputs.${name}`, index]);
    case "PART":
    case "PUT":
      return [["tensor", message.header.tensor]];
    case "ASSETS_REPLY":
      return message.header.files.map(({ tensor }, i) => [`files[${i}].tensor`, tensor]);
    default:
      return [];
  }
}

function opReferences(op: HeaderOf<"SUBMIT">["items"][number]["op"]): Array<[path: string, index: number]> {
  if (op.kind === "forward")
    return Object.entries(op.inputs).map(([name, index]) => [`inputs.${name}`, index]);
  const { image, input_ids, qformer_input_ids } = op;
  const references: Array<[string, number]> = [
    ["input_ids", input_ids],
    ["qformer_input_ids", qformer_input_ids],
  ];
  if (image.tensor !== undefined) references.unshift(["image.tensor", image.tensor]);
  if (op.kind === "rank") references.push(["candidates", op.candidates]);
  return references;
}
