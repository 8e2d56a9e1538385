import { describe, expect, test } from "vitest";
import type { PendingSubmission, Request } from "../../../ts-client/src/engine/index.ts";
import { type BatchItem, KnownPictures, submitMessages } from "../../../ts-client/src/pool/batch-message.ts";
import {
  describeRequest,
  MAX_OPTION_ENTRIES,
  type RequestEntry,
} from "../../../ts-client/src/pool/request-entry.ts";
import { decodeMessage, encodeMessage, uuidv7 } from "../../../ts-client/src/protocol/index.ts";
import { flatPicture, rawRequest } from "../../support/requests.ts";

function item(request: Request<"generate">, picture = 1): BatchItem {
  const entry: RequestEntry = {
    request,
    modelId: "model",
    submission: {} as PendingSubmission,
    deadlineAt: 1000,
    submittedAt: 0,
    abort: new AbortController(),
    inputs: {
      image: flatPicture(picture),
      inputIds: Int32Array.from([1, 2, 3]),
      qformerInputIds: Int32Array.from([4]),
    },
    prepareMs: 0,
    delivered: [],
    cancelReason: undefined,
    release: () => {},
  };
  return { requestId: uuidv7(), attempt: 1, entry };
}

function sent(batch: readonly BatchItem[], known = new KnownPictures()) {
  return submitMessages(batch, 1, "model", known, 0).map(({ header, tensors }) => {
    const message = decodeMessage(encodeMessage("SUBMIT", header, tensors));
    if (message?.kind !== "SUBMIT") throw new Error("It is a SUBMIT.");
    return message;
  });
}

describe("the messages of a batch", () => {
  test("a picture that several requests share travels once, and not again to the same worker", () => {
    const known = new KnownPictures();
    const [first] = sent([item(rawRequest([1])), item(rawRequest([2])), item(rawRequest([3]), 9)], known);
    const places = first?.header.items.map(({ image }) => image.tensor);
    expect(places?.[0]).toBe(places?.[1]);
    expect(places?.[2]).not.toBe(places?.[0]);
    const [second] = sent([item(rawRequest([4]))], known);
    expect(second?.header.items[0]?.image.tensor).toBeUndefined();
  });

  test("prompts and time left arrive as they were", () => {
    const [message] = sent([item(rawRequest([1]))]);
    const [only] = message?.header.items ?? [];
    expect(only?.ttl_ms).toBe(1000);
    expect(Array.from(message?.tensors[only?.input_ids ?? -1]?.data ?? [], Number)).toEqual([1, 2, 3]);
  });

  test("a batch that would outgrow a message is sent in several, whatever makes it large", () => {
    const longList = Array.from({ length: 500 }, (_, index) => index);
    const manyLists = Array.from({ length: 200 }, () => [1, 2, 3, 4]);
    for (const options of [
      { suppress_tokens: longList },
      { bad_words_ids: manyLists },
      { stop_strings: ["x".repeat(250)] },
    ]) {
      const batch = Array.from({ length: 60 }, (_, index) => item(rawRequest([index], { options })));
      const messages = sent(batch);
      const ids = messages.flatMap(({ header }) => header.items.map(({ request_id }) => request_id));
      expect(ids).toEqual(batch.map(({ requestId }) => requestId));
    }
  });
});

test("options that no message can hold are refused by name before they cost anything", () => {
  const many = Array.from({ length: 256 }, () => Array.from({ length: MAX_OPTION_ENTRIES / 256 }, () => 1));
  const request = rawRequest([1], { options: { bad_words_ids: many } });
  expect(() => describeRequest(request, {}, uuidv7(), "model", 0)).toThrow(
    expect.objectContaining({ code: "PAYLOAD_TOO_LARGE", path: "options" }),
  );
});
