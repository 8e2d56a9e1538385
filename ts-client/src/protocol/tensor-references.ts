import type { Message } from "./message.ts";
import { protocolError } from "./protocol-error.ts";

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
      return message.header.items.flatMap(({ image, input_ids, qformer_input_ids }, i) => {
        const references: Array<[string, number]> = [
          [`items[${i}].input_ids`, input_ids],
          [`items[${i}].qformer_input_ids`, qformer_input_ids],
        ];
        if (image.tensor !== undefined) references.unshift([`items[${i}].image.tensor`, image.tensor]);
        return references;
      });
    case "RESULT":
      return Object.entries(message.header.outputs).map(([name, index]) => [`outputs.${name}`, index]);
    case "PUT":
      return [["tensor", message.header.tensor]];
    case "ASSETS_REPLY":
      return message.header.files.map(({ tensor }, i) => [`files[${i}].tensor`, tensor]);
    default:
      return [];
  }
}
