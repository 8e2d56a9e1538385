import { describe, expect, test } from "vitest";
import { type BatchItem, KnownPictures, submitMessages } from "../../../ts-client/src/pool/batch-message.ts";
import type { RequestEntry } from "../../../ts-client/src/pool/request-entry.ts";
import {
  decodeMessage,
  encodeMessage,
  type HeaderOf,
  uuidv7,
} from "../../../ts-client/src/protocol/index.ts";
import { flatPicture, rawRequest } from "../../support/requests.ts";

function item(picture: number, options = {}, deadlineAt = Number.POSITIVE_INFINITY): BatchItem {
  const entry = {
    request: rawRequest([1, 2, 3], { options }),
    inputs: {
      image: flatPicture(picture),
      inputIds: Int32Array.of(1, 2, 3),
      qformerInputIds: Int32Array.of(4),
    },
    deadlineAt,
  } as unknown as RequestEntry;
  return { requestId: uuidv7(), attempt: 1, entry };
}

const pictureOf = ({ op }: HeaderOf<"SUBMIT">["items"][number]) =>
  op.kind === "forward" ? undefined : op.image.tensor;

const submit = (batch: BatchItem[], known = new KnownPictures()) => submitMessages(batch, 1, "m", known, 0);

describe("a batch's messages", () => {
  test("a picture travels once in a batch, and to a worker that has it not at all", () => {
    const known = new KnownPictures();
    const [first] = submit([item(1), item(1), item(2)], known);
    expect(first?.header.items.map(pictureOf)).toEqual([0, 0, 5]);
    expect(first?.tensors).toHaveLength(8);
    const [second] = submit([item(1), item(3)], known);
    expect(second?.header.items.map(pictureOf)).toEqual([undefined, 2]);
  });

  test("can be read by the other side", () => {
    const [message] = submit([item(1, {}, 1500.4), item(2)]);
    const decoded = decodeMessage(encodeMessage("SUBMIT", message?.header as never, message?.tensors));
    expect(decoded?.kind).toBe("SUBMIT");
    expect(message?.header.items.map(({ ttl_ms }) => ttl_ms)).toEqual([1501, undefined]);
  });

  test("a deadline that has passed leaves no time, not a negative one", () => {
    const [message] = submitMessages([item(1, {}, 100)], 1, "m", new KnownPictures(), 5000);
    expect(message?.header.items[0]?.ttl_ms).toBe(0);
  });

  test("is split before it outgrows the header or the number of tensors, and loses nobody", () => {
    const big = { stop_strings: Array.from({ length: 16 }, (_, index) => `${index}`.padEnd(250, "x")) };
    const batch = Array.from({ length: 40 }, () => item(1, big));
    const many = Array.from({ length: 100 }, (_, index) => item(index));
    for (const each of [batch, many]) {
      const messages = submit(each);
      expect(messages.length).toBeGreaterThan(1);
      expect(messages.flatMap(({ header }) => header.items.map(({ request_id }) => request_id))).toEqual(
        each.map(({ requestId }) => requestId),
      );
      expect(messages.flatMap(({ batch: part }) => part)).toEqual(each);
      for (const { header, tensors } of messages) encodeMessage("SUBMIT", header, tensors);
    }
  });
});
