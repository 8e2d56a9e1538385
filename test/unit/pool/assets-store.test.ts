import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AssetsStore } from "../../../ts-client/src/pool/assets-store.ts";
import type { MessageOf } from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

const HASH = "a".repeat(64);

function reply(id: number): MessageOf<"ASSETS_REPLY"> {
  const tensors = [new Tensor("uint8", [3], Uint8Array.of(1, 2, 3))];
  const header = {
    id,
    model_id: "m",
    hash: HASH,
    files: [{ path: "tokenizer.json", tensor: 0 }],
    tensors: [],
  };
  return { kind: "ASSETS_REPLY", header, tensors };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the assets", () => {
  test("are asked for once, however many want them, and copied out of the message", async () => {
    const store = new AssetsStore();
    const asked: number[] = [];
    const wanted = [1, 2, 3].map(() => store.get(HASH, (id) => asked.push(id)));
    const message = reply(1);
    store.onReply(message);
    message.tensors[0]?.bytes().fill(0);
    for (const assets of await Promise.all(wanted)) {
      expect(assets.files["tokenizer.json"]).toEqual(Uint8Array.of(1, 2, 3));
    }
    expect(asked).toEqual([1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("are asked for again when the worker that was asked is gone", async () => {
    const store = new AssetsStore();
    const asked: number[] = [];
    const wanted = store.get(HASH, (id) => asked.push(id));
    store.askAgain();
    store.onReply(reply(1));
    store.onReply(reply(1));
    store.askAgain();
    await wanted;
    expect(asked).toEqual([1, 1]);
  });

  test("that do not come in time are an error, and the next one who wants them asks anew", async () => {
    const store = new AssetsStore();
    const asked: number[] = [];
    const ask = (id: number) => asked.push(id);
    const wanted = expect(store.get(HASH, ask)).rejects.toMatchObject({ code: "POOL_UNAVAILABLE" });
    await vi.advanceTimersByTimeAsync(30_000);
    await wanted;
    const again = store.get(HASH, ask);
    expect(asked).toEqual([1, 2]);
    store.close();
    await expect(again).rejects.toMatchObject({ code: "POOL_CLOSED" });
    expect(vi.getTimerCount()).toBe(0);
  });
});
