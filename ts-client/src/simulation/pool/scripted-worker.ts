import type { FinishReason, GenerateResult, PreparedInputs } from "../../engine/index.ts";
import { attemptKey, type SchedulerEvent } from "../../scheduler/index.ts";
import { Tensor } from "../../tensor/index.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedModel } from "./simulated-model.ts";
import { type ResolvedReply, resolveReply, type SimulatedTry, type WorkerScript } from "./worker-script.ts";

/** A try as it is sent to a scripted worker. */
export interface ScriptedItem {
  readonly requestId: string;
  readonly attempt: number;
  readonly rows: number;
  readonly stream: boolean;
  readonly inputs: PreparedInputs;
  readonly options: SimulatedTry["options"];
}

/** What a worker made of a try: the part of the result that is the worker's. */
export type ScriptedResult = Pick<
  GenerateResult,
  "sequences" | "finishReasons" | "batchSize" | "imageCached" | "timings"
>;

/** What one life of a worker is given. */
export interface ScriptedLife {
  readonly name: string;
  readonly workerId: string;
  readonly epoch: number;
  readonly model: SimulatedModel;
  readonly script: WorkerScript;
  readonly clock: SimulatedClock;
  readonly random: () => number;
  /** Time after which a worker that hangs is killed. @unit milliseconds */
  readonly hangMs: number;
  readonly onMessage: (event: SchedulerEvent) => void;
  readonly onDeath: (code: string, reason: string) => void;
}

interface Running {
  readonly item: ScriptedItem;
  readonly reply: ResolvedReply;
  readonly tokens: readonly number[];
  readonly finishReason: FinishReason;
  readonly startedAt: number;
  readonly batchSize: number;
  readonly imageCached: boolean;
}

/** One life of a worker that does what a script says. */
export class ScriptedWorker {
  readonly #life: ScriptedLife;
  readonly #running = new Map<string, ScriptedItem>();
  readonly #pictures = new Set<string>();
  #alive = true;
  #hung = false;

  constructor(life: ScriptedLife) {
    this.#life = life;
  }

  /** A batch has arrived. */
  submit(items: readonly ScriptedItem[]): void {
    if (!this.#alive || this.#hung) return;
    for (const item of items) this.#running.set(keyOf(item), item);
    for (const item of items) this.#start(item, items.length);
  }

  /** The pool wants a try stopped. */
  cancel(requestId: string, attempt: number): void {
    const item = this.#running.get(attemptKey(requestId, attempt));
    if (item !== undefined) this.#after(1, item, () => this.#fail(item, "CANCELLED", "It was cancelled."));
  }

  /** Ends the process. */
  kill(code: string, reason: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#running.clear();
    this.#life.onDeath(code, reason);
  }

  #start(item: ScriptedItem, batchSize: number): void {
    const { model, clock } = this.#life;
    const { inputs, options } = item;
    const reply = this.#askScript(item, batchSize);
    if (reply === undefined) return;
    const { image } = inputs;
    const whole = [
      ...model.processor.tokenizer.encode(reply.text, { addSpecialTokens: false }),
      ...model.info.eosTokenIds,
    ];
    const tokens = whole.slice(0, options.max_new_tokens);
    const running: Running = {
      item,
      reply,
      tokens,
      finishReason: tokens.length < whole.length ? "length" : "eos",
      startedAt: clock.now,
      batchSize,
      imageCached: this.#pictures.has(image.hash),
    };
    this.#pictures.add(image.hash);
    if (reply.failure !== undefined) this.#stream(running, Math.min(reply.tokensBefore, tokens.length));
    else this.#stream(running, tokens.length);
  }

  /** A script that throws is a defect in the worker. */
  #askScript(item: ScriptedItem, batchSize: number): ResolvedReply | undefined {
    const { name, model, script, random } = this.#life;
    const { requestId, attempt, inputs, options } = item;
    let rows = 0;
    for (const running of this.#running.values()) rows += running.rows;
    try {
      return resolveReply(
        script({
          requestId,
          attempt,
          worker: name,
          modelId: model.info.modelId,
          prompt: model.processor.decode([...inputs.inputIds], { skipSpecialTokens: true }),
          imageHash: inputs.image.hash,
          options,
          batchSize,
          rows,
          random,
        }),
      );
    } catch (error) {
      this.#fail(item, "INTERNAL", error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** Gives so many tokens evenly over the latency, then the end. */
  #stream(running: Running, count: number, sent = 0): void {
    const { item, reply, tokens } = running;
    const chunks = item.stream ? count : 0;
    this.#after(reply.latencyMs / (chunks + 1), item, () => {
      if (sent === chunks) return this.#end(running, chunks);
      this.#life.onMessage({
        type: "chunk",
        ...this.#fence(item),
        seq: sent,
        tokens: tokens.slice(sent, sent + 1),
      });
      this.#stream(running, count, sent + 1);
    });
  }

  #end(running: Running, chunks: number): void {
    const { item, reply } = running;
    const { failure } = reply;
    if (failure === undefined) {
      this.#running.delete(keyOf(item));
      return this.#life.onMessage({
        type: "result",
        ...this.#fence(item),
        chunks,
        payload: this.#result(running),
      });
    }
    if (failure === "crash") return this.kill("WORKER_LOST", "The script had it crash.");
    if (failure !== "hang") return this.#fail(item, failure, `The script had it fail with ${failure}.`);
    this.#hung = true;
    this.#life.clock.after(this.#life.hangMs, () => this.kill("WORKER_HUNG", "The script had it hang."));
  }

  #fail(item: ScriptedItem, code: string, message: string): void {
    this.#running.delete(keyOf(item));
    this.#life.onMessage({ type: "error", ...this.#fence(item), code, message, path: undefined });
    if (code === "CUDA_FATAL") this.kill(code, "The device failed.");
  }

  #result({ item, tokens, finishReason, startedAt, batchSize, imageCached }: Running): ScriptedResult {
    const { clock, model } = this.#life;
    const sequence = [model.info.startTokenId, ...tokens].map(BigInt);
    const answers = item.options.num_return_sequences ?? 1;
    const rows = Array.from({ length: answers }, () => sequence).flat();
    const decode = clock.now - startedAt;
    return {
      sequences: new Tensor("int64", [answers, sequence.length], BigInt64Array.from(rows)),
      finishReasons: Array<FinishReason>(answers).fill(finishReason),
      batchSize,
      imageCached,
      timings: { decode },
    };
  }

  #fence({ requestId, attempt }: ScriptedItem) {
    const { workerId, epoch } = this.#life;
    return { workerId, epoch, requestId, attempt };
  }

  /** Does something with a try later, if the worker can and still has it. */
  #after(delayMs: number, item: ScriptedItem, act: () => void): void {
    this.#life.clock.after(delayMs, () => {
      if (this.#alive && !this.#hung && this.#running.get(keyOf(item)) === item) act();
    });
  }
}

function keyOf({ requestId, attempt }: ScriptedItem): string {
  return attemptKey(requestId, attempt);
}
