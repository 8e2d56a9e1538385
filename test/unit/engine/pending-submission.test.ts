import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  type GenerateResult,
  PendingSubmission,
  STREAM_CREDIT,
} from "../../../ts-client/src/engine/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

function pending() {
  const cancelled: unknown[] = [];
  const consumed: number[] = [];
  const submission = new PendingSubmission("r", {
    onCancel: (reason) => cancelled.push(reason),
    onConsumed: (chunks) => consumed.push(chunks),
  });
  return { submission, cancelled, consumed };
}

const RESULT = {
  requestId: "r",
  sequences: new Tensor("int64", [1, 4], BigInt64Array.of(0n, 1n, 2n, 3n)),
} as unknown as GenerateResult;
const BROKEN = new Error("broken");

async function read(submission: PendingSubmission): Promise<number[]> {
  const tokens: number[] = [];
  for await (const chunk of submission) tokens.push(...chunk.tokens);
  return tokens;
}

describe("a pending submission", () => {
  test("gives its chunks in order, then ends; the result is there as often as it is wanted", async () => {
    const { submission } = pending();
    submission.deliver([1]);
    const reading = read(submission);
    await turn();
    submission.deliver([2, 3]);
    submission.resolve(RESULT);
    expect(await reading).toEqual([1, 2, 3]);
    expect([await submission, await submission]).toEqual([RESULT, RESULT]);
  });

  test("gives tokens that only came with the result before it ends", async () => {
    const { submission } = pending();
    submission.deliver([1]);
    submission.resolve(RESULT);
    expect(await read(submission)).toEqual([1, 2, 3]);
  });

  test("gives tokens that only came with the result in chunks of no more than the wire's", async () => {
    const { submission } = pending();
    const ids = BigInt64Array.from({ length: 3001 }, (_, at) => BigInt(at));
    const log_probs = new Tensor(
      "float32",
      [1, 3000],
      Float32Array.from({ length: 3000 }, (_, at) => -at),
    );
    submission.deliver([1, 2], [0, -1]);
    submission.resolve({
      ...RESULT,
      sequences: new Tensor("int64", [1, 3001], ids),
      outputs: { log_probs },
    });
    const sizes: number[] = [];
    const values: number[] = [];
    for await (const { tokens, logProbs = [] } of submission) {
      sizes.push(tokens.length);
      values.push(...logProbs);
    }
    expect(sizes).toEqual([2, 1024, 1024, 950]);
    expect(values).toEqual([0, -1, ...Array.from(log_probs.data).slice(2)]);
  });

  test("fails the reader after the chunks that had come", async () => {
    const { submission } = pending();
    submission.deliver([1]);
    submission.reject(BROKEN);
    const iterator = submission[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: { tokens: [1] } });
    await expect(iterator.next()).rejects.toBe(BROKEN);
    await expect(submission).rejects.toBe(BROKEN);
  });

  test("can be read once only", () => {
    const { submission } = pending();
    submission[Symbol.asyncIterator]();
    expect(() => submission[Symbol.asyncIterator]()).toThrow(/once only/);
  });

  test("serves several reads that wait at the same time", async () => {
    const { submission } = pending();
    const iterator = submission[Symbol.asyncIterator]();
    const reads = [iterator.next(), iterator.next(), iterator.next()];
    submission.deliver([1]);
    submission.deliver([2, 3]);
    submission.resolve(RESULT);
    expect((await Promise.all(reads)).map(({ value }) => value?.tokens[0])).toEqual([1, 2, undefined]);
  });

  test("gives credit back for what was read, in halves, and none once it has ended", async () => {
    const { submission, consumed } = pending();
    const iterator = submission[Symbol.asyncIterator]();
    for (let index = 0; index < STREAM_CREDIT; index += 1) submission.deliver([index]);
    expect(consumed).toEqual([]);
    for (let index = 0; index < STREAM_CREDIT; index += 1) await iterator.next();
    expect(consumed).toEqual([STREAM_CREDIT / 2, STREAM_CREDIT / 2]);
    for (let index = 0; index < STREAM_CREDIT; index += 1) submission.deliver([index]);
    submission.resolve(RESULT);
    for (let index = 0; index < STREAM_CREDIT; index += 1) await iterator.next();
    expect(consumed).toHaveLength(2);
  });

  test("leaving the loop cancels, leaving it after the end does not", async () => {
    const { submission, cancelled } = pending();
    submission.deliver([1]);
    for await (const _ of submission) break;
    expect(cancelled).toEqual([expect.objectContaining({ code: "CANCELLED" })]);
    const ended = pending();
    ended.submission.deliver([1]);
    ended.submission.resolve(RESULT);
    for await (const _ of ended.submission) break;
    ended.submission.cancel();
    expect(ended.cancelled).toEqual([]);
  });

  test("a failure that nobody waits for is no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", listener);
    const { submission } = pending();
    submission.reject(BROKEN);
    await turn();
    await turn();
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
  });
});
