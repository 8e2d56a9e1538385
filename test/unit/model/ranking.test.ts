import { beforeAll, describe, expect, it } from "vitest";
import type { TensorResult } from "../../../ts-client/src/engine/index.ts";
import { answerTokens } from "../../../ts-client/src/model/answer-tokens.ts";
import { checkRank, checkScore } from "../../../ts-client/src/model/rank-request.ts";
import { factsOf, likelihoodsOf, toRanking } from "../../../ts-client/src/model/ranking.ts";
import { InstructBlipProcessor } from "../../../ts-client/src/processor/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { bundledAssets } from "./fake-engine.ts";

const image = new Uint8Array(4);

function failure(check: () => unknown) {
  try {
    check();
  } catch (error) {
    return error as { code: string; path: string; message: string };
  }
  throw new Error("It was accepted.");
}

function result(rows: readonly (readonly number[])[]): TensorResult {
  const width = Math.max(...rows.map((row) => row.length));
  const data = Float32Array.from(rows.flatMap((row) => [...row, ...Array(width - row.length).fill(0)]));
  return {
    requestId: "r",
    attempts: 1,
    failedAttempts: [],
    timings: { total: 1 },
    batchSize: 1,
    imageCached: true,
    workerId: "w",
    outputs: { log_probs: new Tensor("float32", [rows.length, width], data) },
  };
}

describe("a request to rank", () => {
  it.each([
    [{ image, candidates: "red" }, "candidates", "an array of 1 to 1024 texts"],
    [{ image, candidates: [] }, "candidates", "an array of 1 to 1024 texts"],
    [{ image, candidates: Array(1025).fill("red") }, "candidates", "an array of 1 to 1024 texts"],
    [{ image, candidates: ["red", 5] }, "candidates[1]", "a string"],
    [{ image, candidates: ["red"], by: "max" }, "by", '"sum" or "mean"'],
    [{ image, candidates: ["red"], includeEnd: 1 }, "includeEnd", "true or false"],
    [{ image, candidates: ["red"], prompt: ["What?"] }, "prompt", "a string"],
    [{ image: "cat.jpg", candidates: ["red"] }, "image", "a picture"],
    [{ image, candidates: ["red"], deadlineMs: 0 }, "deadlineMs", "a whole number"],
    [{ image, candidates: ["red"], candidate: "red" }, "candidate", "Did you mean `candidates`?"],
    [{ image, candidates: ["red"], numBeams: 2 }, "numBeams", "The fields are image, prompt"],
  ])("is refused with the field that is wrong: %o", (request, path, said) => {
    const error = failure(() => checkRank(request as never));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", path });
    expect(error.message).toContain(said);
  });

  it("has the defaults of LAVIS: whole answers, the end by the tokenizer", () => {
    expect(checkRank({ image, candidates: ["red"] })).toMatchObject({
      question: { prompt: "" },
      by: "sum",
      includeEnd: undefined,
    });
  });

  it("of one text to score has no other texts", () => {
    expect(checkScore({ image, text: "red" }).candidates).toEqual(["red"]);
    expect(failure(() => checkScore({ image } as never)).path).toBe("text");
    expect(failure(() => checkScore({ image, text: "red", by: "mean" } as never)).path).toBe("by");
  });
});

describe("an answer's tokens", () => {
  let t5: InstructBlipProcessor["tokenizer"];
  let llama: InstructBlipProcessor["tokenizer"];
  beforeAll(async () => {
    t5 = (await InstructBlipProcessor.fromAssets(bundledAssets("tiny-shapes-t5"))).tokenizer;
    llama = (await InstructBlipProcessor.fromAssets(bundledAssets("tiny-shapes-llama"))).tokenizer;
  });
  const tokens = (tokenizer: InstructBlipProcessor["tokenizer"], text: string, includeEnd?: boolean) =>
    Array.from(answerTokens(tokenizer, text, includeEnd, "text"));

  it("begin without the token that begins a prompt, and end as the tokenizer ends texts", () => {
    const bare = t5.encode("red", { addSpecialTokens: false });
    expect(tokens(t5, "red")).toEqual([...bare, t5.eosTokenId]);
    expect(tokens(llama, "red")).toEqual(llama.encode("red", { addSpecialTokens: false }));
  });

  it("have an end or none, as it is wanted", () => {
    expect(tokens(t5, "red", false)).toEqual(t5.encode("red", { addSpecialTokens: false }));
    expect(tokens(llama, "red", true).at(-1)).toBe(llama.eosTokenId);
    expect(tokens(llama, "red", true).slice(0, -1)).toEqual(tokens(llama, "red"));
  });

  it("are refused when there are none", () => {
    expect(tokens(t5, "")).toEqual([t5.eosTokenId]);
    expect(failure(() => tokens(llama, "")).message).toContain("a text of a token or more");
  });
});

describe("a ranking", () => {
  const candidates = [Int32Array.of(5, 6, 7), Int32Array.of(8), Int32Array.of(9, 1)];
  const answered = result([[-1, -1, -1], [-2.5], [-1.5, -1.5]]);
  const likelihoods = likelihoodsOf(answered, candidates);
  const ranking = (by: "sum" | "mean") => toRanking(["a", "b", "c"], likelihoods, by, factsOf(answered));

  it("sums each candidate's own tokens", () => {
    expect(likelihoods.map(({ logProb }) => logProb)).toEqual([-3, -2.5, -3]);
    expect(likelihoods.map(({ meanLogProb }) => meanLogProb)).toEqual([-1, -2.5, -1.5]);
    expect(likelihoods[1]).toEqual({ logProb: -2.5, meanLogProb: -2.5, tokens: [8], logProbs: [-2.5] });
  });

  it("puts the likeliest first, equal ones in their order", () => {
    expect(ranking("sum").ranked.map(({ index }) => index)).toEqual([1, 0, 2]);
    expect(ranking("mean").ranked.map(({ text }) => text)).toEqual(["a", "c", "b"]);
    expect(ranking("mean").best).toMatchObject({ index: 0, text: "a", logProb: -3 });
  });

  it("shares out certainty among the candidates", () => {
    const shares = ranking("sum").ranked.map(({ share }) => share);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    expect(Math.log((shares[0] ?? 0) / (shares[1] ?? 1))).toBeCloseTo(0.5);
  });

  it("stays a number for answers that are all but impossible", () => {
    const far = likelihoodsOf(result([[-5000], [-5001]]), [Int32Array.of(1), Int32Array.of(2)]);
    expect(toRanking(["a", "b"], far, "sum", factsOf(answered)).best.share).toBeCloseTo(0.731, 3);
  });

  it("has the request's facts, and no tensors", () => {
    expect(ranking("sum")).toMatchObject({ requestId: "r", workerId: "w", imageCached: true });
    expect(ranking("sum")).not.toHaveProperty("outputs");
  });

  it("is refused when the worker left something out", () => {
    expect(failure(() => likelihoodsOf(result([[-1]]), candidates)).code).toBe("OUTPUT_INVALID");
    expect(failure(() => likelihoodsOf({ ...answered, outputs: {} }, candidates)).code).toBe(
      "OUTPUT_INVALID",
    );
  });
});
