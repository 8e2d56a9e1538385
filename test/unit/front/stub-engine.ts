import type {
  AnyRequest,
  CallOptions,
  Engine,
  GenerateResult,
  ModelInfo,
  Op,
  PoolStats,
  PreparedInputs,
  ProcessorAssets,
  Request,
  Submission,
} from "../../../ts-client/src/engine/index.ts";
import { PendingSubmission } from "../../../ts-client/src/engine/index.ts";
import { InstructBlipError } from "../../../ts-client/src/errors/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

/** A request in the stub's hands. */
export interface Held {
  readonly request: Request<"generate">;
  readonly call: CallOptions;
  readonly submission: PendingSubmission;
  /** What `prepare` made; undefined until it has. */
  inputs: PreparedInputs | undefined;
  /** Why it was cancelled. */
  cancelled: unknown;
  /** Chunks its reader has taken, as credit came back for them. */
  credited: number;
}

/** An engine whose requests end when a test says so. */
export class StubEngine implements Engine {
  readonly held: Held[] = [];
  models_: Partial<ModelInfo>[] = [{ modelId: "m" }];
  refusal: InstructBlipError | undefined;
  loaded: unknown[] = [];

  submit<K extends Op>(given: Request<K>, call: CallOptions = {}): Submission<K> {
    return this.#hold(given as AnyRequest as Request<"generate">, call) as Submission<K>;
  }

  #hold(request: Request<"generate">, call: CallOptions): PendingSubmission {
    const abort = new AbortController();
    const submission: PendingSubmission = new PendingSubmission(call.requestId ?? "", {
      onCancel: (reason) => {
        held.cancelled = reason;
        abort.abort(reason);
        submission.reject(new InstructBlipError("CANCELLED", "The request was cancelled."));
      },
      onConsumed: (chunks) => {
        held.credited += chunks;
      },
    });
    const held: Held = { request, call, submission, inputs: undefined, cancelled: undefined, credited: 0 };
    if (this.refusal !== undefined) {
      submission.reject(this.refusal);
      return submission;
    }
    this.held.push(held);
    request.prepare(abort.signal).then(
      (inputs) => {
        held.inputs = inputs;
      },
      (error) => submission.reject(error),
    );
    return submission;
  }

  async models(): Promise<ModelInfo[]> {
    return this.models_ as ModelInfo[];
  }

  async assets(modelId?: string): Promise<ProcessorAssets> {
    if (modelId === "missing") throw new InstructBlipError("MODEL_NOT_FOUND", "No such model.");
    return { hash: "c".repeat(64), files: { "tokenizer.json": Uint8Array.of(1, 2, 3) } };
  }

  async load(spec: object): Promise<ModelInfo> {
    this.loaded.push(spec);
    return { modelId: "n" } as ModelInfo;
  }

  async unload(): Promise<void> {}

  async stats(): Promise<PoolStats> {
    return { clients: 0, workers: [] } as unknown as PoolStats;
  }

  on(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  async drain(): Promise<void> {}
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}

/** An answer with the given tokens. */
export function answerOf(requestId: string, tokens: readonly number[]): GenerateResult {
  return {
    requestId,
    attempts: 2,
    failedAttempts: [{ attempt: 1, workerId: "worker-0.1", code: "WORKER_LOST", message: "It died." }],
    timings: { prepare: 0, queue: 1, wire: 1, decode: 5, total: 7 },
    batchSize: 1,
    imageCached: true,
    workerId: "worker-0.2",
    sequences: new Tensor("int64", [1, tokens.length], BigInt64Array.from(tokens, BigInt)),
    finishReasons: ["eos"],
    outputs: {},
  };
}
