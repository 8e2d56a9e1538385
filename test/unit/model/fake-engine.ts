import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import {
  type CallOptions,
  type DeploymentSpec,
  type FinishReason,
  type GenerateResult,
  type ModelInfo,
  type Op,
  onAbort,
  PendingSubmission,
  type PreparedInputs,
  type ProcessorAssets,
  type Request,
  type Submission,
} from "../../../ts-client/src/engine/index.ts";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { AskingEngine } from "../../../ts-client/src/model/asking-engine.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

/** A request as the engine got it. */
export interface Job {
  readonly request: Request<"generate">;
  readonly call: CallOptions;
  readonly inputs: PreparedInputs;
  /** Fires when the request is cancelled. */
  readonly signal: AbortSignal;
  /** Hands tokens to the reader of a stream. */
  readonly deliver: (tokens: readonly number[], logProbs?: readonly number[]) => void;
}

/** New tokens of every row; an error is thrown. */
export type Answerer = (job: Job) => Promise<readonly (readonly number[])[]>;

const START = 0;
const PAD = 0;

/** An engine without workers: prepares inputs for real, and answers with the tokens it is told. */
export class FakeEngine extends AskingEngine {
  readonly jobs: Job[] = [];
  readonly loaded: DeploymentSpec[] = [];
  readonly served: ModelInfo[];
  readonly #answer: Answerer;
  readonly #finishReason: FinishReason;

  constructor(
    answer: Answerer,
    served: readonly Partial<ModelInfo>[] = [{}],
    finishReason: FinishReason = "eos",
  ) {
    super();
    this.#answer = answer;
    this.#finishReason = finishReason;
    this.served = served.map(modelInfo);
  }

  submit<K extends Op>(request: Request<K>, call: CallOptions = {}): Submission<K> {
    const controller = new AbortController();
    const submission = new PendingSubmission(call.requestId ?? crypto.randomUUID(), {
      onCancel: (reason) => {
        controller.abort(reason);
        submission.reject(new InstructBlipError("CANCELLED", "Cancelled.", { cause: reason }));
      },
      onConsumed: () => {},
    });
    onAbort(call.signal, (reason) => submission.cancel(reason));
    void this.#run(request as Request<"generate">, call, submission, controller.signal);
    return submission as unknown as Submission<K>;
  }

  async models() {
    return this.served;
  }

  async assets(modelId?: string): Promise<ProcessorAssets> {
    const served =
      modelId === undefined ? this.served[0] : this.served.find((model) => model.modelId === modelId);
    return bundledAssets(served?.source ?? "tiny-shapes-t5");
  }

  async load(spec: DeploymentSpec) {
    this.loaded.push(spec);
    return modelInfo(spec.source === undefined ? {} : { source: spec.source });
  }

  async unload() {}
  async drain() {}
  async close() {}
  on() {
    return { [Symbol.dispose]() {} };
  }
  async stats(): Promise<never> {
    throw new InstructBlipError("UNSUPPORTED", "There are no workers.");
  }

  async #run(
    request: Request<"generate">,
    call: CallOptions,
    submission: PendingSubmission,
    signal: AbortSignal,
  ) {
    try {
      const inputs = await request.prepare(signal);
      const job = {
        request,
        call,
        inputs,
        signal,
        deliver: (...chunk: Parameters<Job["deliver"]>) => submission.deliver(...chunk),
      };
      this.jobs.push(job);
      submission.resolve(resultOf(await this.#answer(job), submission.requestId, this.#finishReason));
    } catch (error) {
      submission.reject(error);
    }
  }
}

/** The files of a bundled checkpoint that a processor is made from. */
export function bundledAssets(name: string): ProcessorAssets {
  const folder = new URL(`../../../models/${name}/`, import.meta.url);
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => path.extname(file) === ".json",
  );
  return {
    hash: name,
    files: Object.fromEntries(paths.map((file) => [file, readFileSync(new URL(file, folder))])),
  };
}

/** Rows below one another, each led by the start token and padded. */
function resultOf(
  rows: readonly (readonly number[])[],
  requestId: string,
  finishReason: FinishReason,
): GenerateResult {
  const width = 1 + Math.max(...rows.map((row) => row.length));
  const padded = rows.flatMap((row) => [START, ...row, ...Array<number>(width - 1 - row.length).fill(PAD)]);
  return {
    requestId,
    attempts: 1,
    failedAttempts: [],
    timings: { total: 1 },
    batchSize: 1,
    imageCached: false,
    workerId: "fake",
    sequences: new Tensor("int64", [rows.length, width], BigInt64Array.from(padded, BigInt)),
    finishReasons: rows.map(() => finishReason),
    outputs: {},
  };
}

function modelInfo(facts: Partial<ModelInfo>): ModelInfo {
  return {
    modelId: "tiny-shapes-t5",
    source: "tiny-shapes-t5",
    revision: undefined,
    dtype: "float32",
    quantization: "none",
    languageModel: "t5",
    parameters: 1,
    vocabSize: 1408,
    numQueryTokens: 8,
    imageSize: 224,
    qformerMaxTokens: 512,
    contextLength: undefined,
    startTokenId: START,
    eosTokenIds: [1],
    padTokenId: PAD,
    slots: 1,
    assetsHash: "",
    warnings: [],
    ...facts,
  };
}
