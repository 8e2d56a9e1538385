import type {
  CallOptions,
  DeploymentSpec,
  DrainOptions,
  Engine,
  EngineEventName,
  EngineListener,
  ModelInfo,
  Op,
  PoolStats,
  PreparedInputs,
  ProcessorAssets,
  Request,
  Submission,
} from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import type { InstructBlipProcessor } from "../processor/index.ts";
import { type Answer, toAnswer } from "./answer.ts";
import { AnswerStream } from "./answer-stream.ts";
import { answerTokens } from "./answer-tokens.ts";
import { type AskAllRequest, type AskRequest, checkRequest, eachQuestion } from "./ask-request.ts";
import { ImagePreparation } from "./image-preparation.ts";
import { inOrder } from "./in-order.ts";
import { ProcessorCache } from "./processor-cache.ts";
import type { CheckedQuestion } from "./question.ts";
import {
  type CheckedRanking,
  checkRank,
  checkScore,
  type RankRequest,
  type ScoreRequest,
} from "./rank-request.ts";
import { factsOf, likelihoodsOf, type Ranking, type Score, toRanking } from "./ranking.ts";

/** How many questions are asked at once, and what a failure does. */
export interface AskManyOptions {
  /** Questions under way, or answered and not yet taken. @default 32 */
  readonly concurrency?: number;
  /**
   * `throw` ends the loop with the first failure and cancels the rest; `yield` gives an {@link AskFailure} in
   * the answer's place and goes on.
   * @default "throw"
   */
  readonly errors?: "throw" | "yield";
  /** Ends the loop with CANCELLED. */
  readonly signal?: AbortSignal;
}

/** A question without an answer. */
export interface AskFailure {
  /** What `ask` rejects with. */
  readonly error: unknown;
}

const ASK_MANY_CONCURRENCY = 32;

/** An engine that answers questions about pictures; what a pool or a client of one extends. */
export abstract class AskingEngine implements Engine {
  readonly #processors = new ProcessorCache(this);
  readonly #images = new ImagePreparation();

  abstract submit<K extends Op>(request: Request<K>, options?: CallOptions): Submission<K>;
  abstract models(): Promise<ModelInfo[]>;
  abstract assets(modelId?: string): Promise<ProcessorAssets>;
  abstract load(deployment: DeploymentSpec): Promise<ModelInfo>;
  abstract unload(modelId: string): Promise<void>;
  abstract stats(): Promise<PoolStats>;
  abstract on<N extends EngineEventName>(event: N, listener: EngineListener<N>): Disposable;
  abstract drain(options?: DrainOptions): Promise<void>;
  abstract close(options?: DrainOptions): Promise<void>;

  /** {@link close} at the end of an `await using` scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Asks a question about a picture.
   *
   * @example
   * const { text } = await pool.ask({ image: await loadImage("cat.jpg"), prompt: "What is on the sofa?" });
   * @throws INVALID_ARGUMENT, IMAGE_REJECTED, OVERLOADED, DEADLINE_EXCEEDED, CANCELLED, … : see the error codes
   */
  async ask(request: AskRequest): Promise<Answer> {
    const { submission, reading } = this.#submit(request, false);
    return toAnswer(await submission, await reading.processor(), reading.options);
  }

  /**
   * Asks a question and gives the answer as it is generated. Beams and several answers cannot be streamed.
   *
   * @throws INVALID_ARGUMENT, UNSUPPORTED at once; everything else ends the loop and rejects `result`
   */
  stream(request: AskRequest): AnswerStream {
    const { submission, reading } = this.#submit(request, true);
    return new AnswerStream(submission, reading);
  }

  /**
   * Asks many questions and gives the answers in their order. Questions are taken from their source as
   * answers are read, so a long or endless source is fine.
   */
  askMany(
    requests: Iterable<AskRequest> | AsyncIterable<AskRequest>,
    options: AskManyOptions & { readonly errors: "yield" },
  ): AsyncGenerator<Answer | AskFailure, void, undefined>;
  askMany(
    requests: Iterable<AskRequest> | AsyncIterable<AskRequest>,
    options?: AskManyOptions & { readonly errors?: "throw" },
  ): AsyncGenerator<Answer, void, undefined>;
  async *askMany(
    requests: Iterable<AskRequest> | AsyncIterable<AskRequest>,
    { concurrency = ASK_MANY_CONCURRENCY, errors = "throw", signal }: AskManyOptions = {},
  ): AsyncGenerator<Answer | AskFailure, void, undefined> {
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw invalidArgument("concurrency", "a whole number from 1 up", concurrency);
    }
    const ask = (request: AskRequest, ending: AbortSignal) => this.#askUntil(request, ending);
    for await (const outcome of inOrder(requests, ask, { concurrency, signal })) {
      if (outcome.ok) yield outcome.value;
      else if (errors === "throw") throw outcome.error;
      else yield { error: outcome.error };
    }
  }

  /**
   * Asks several questions about one picture, which is prepared, sent and encoded once. The first failure ends
   * the rest.
   *
   * @returns the answers in the questions' order
   * @example
   * const [color, shape] = await pool.askAll({ image, prompts: ["What color is it?", "What shape is it?"] });
   * @throws INVALID_ARGUMENT, UNSUPPORTED, and what `ask` rejects with
   */
  async askAll(request: AskAllRequest): Promise<Answer[]> {
    const asked = eachQuestion(request).map((each) => this.#submit(each, false));
    try {
      return await Promise.all(
        asked.map(async ({ submission, reading }) =>
          toAnswer(await submission, await reading.processor(), reading.options),
        ),
      );
    } catch (error) {
      for (const { submission } of asked) submission.cancel("another question of the same call failed");
      throw error;
    }
  }

  /**
   * Says which of some answers the model finds likeliest, as LAVIS's `predict_class` does: picture and prompt are
   * read once, then every candidate is scored after them. Nothing is generated.
   *
   * @example
   * const { best } = await pool.rank({ image, prompt: "Is it day or night?", candidates: ["day", "night"] });
   * console.log(best.text, best.share);
   * @throws INVALID_ARGUMENT, and what `ask` rejects with
   */
  async rank(request: RankRequest): Promise<Ranking> {
    const checked = checkRank(request);
    const { likelihoods, facts } = await this.#rank(checked, (index) => `candidates[${index}]`);
    return toRanking(checked.candidates, likelihoods, checked.by, facts);
  }

  /**
   * Says how likely the model finds an answer. For text that it generated, these are the `logProbs` of then.
   *
   * @example
   * const { logProb } = await pool.score({ image, prompt: "What color is the circle?", text: "red" });
   * @throws INVALID_ARGUMENT, and what `ask` rejects with
   */
  async score(request: ScoreRequest): Promise<Score> {
    const { likelihoods, facts } = await this.#rank(checkScore(request), () => "text");
    const [likelihood] = likelihoods;
    if (likelihood === undefined) throw new InstructBlipError("INTERNAL", "The answer was not scored.");
    return { ...facts, ...likelihood };
  }

  /** The processor of a deployment, as `ask` uses it. */
  async processor(modelId?: string): Promise<InstructBlipProcessor> {
    return (await this.#processors.get(modelId)).processor;
  }

  /** Asks with one more signal than the request's own. */
  async #askUntil(request: AskRequest, ending: AbortSignal): Promise<Answer> {
    const { submission, reading } = this.#submit(request, false);
    const cancel = () => submission.cancel(ending.reason);
    if (ending.aborted) cancel();
    ending.addEventListener("abort", cancel, { once: true });
    try {
      return toAnswer(await submission, await reading.processor(), reading.options);
    } finally {
      ending.removeEventListener("abort", cancel);
    }
  }

  #submit(request: AskRequest, stream: boolean) {
    const { question, call, options } = checkRequest(request, stream);
    const { prepare, processor } = this.#prepared(question);
    const submission = this.submit(
      { op: "generate", ...deployment(question), options, stream, prepare: (signal) => prepare(signal) },
      call,
    );
    return { submission, reading: { options, processor } };
  }

  async #rank({ question, candidates, includeEnd, call }: CheckedRanking, path: (index: number) => string) {
    const { prepare, processor } = this.#prepared(question);
    const tokensOf = ({ tokenizer }: InstructBlipProcessor) =>
      candidates.map((text, index) => answerTokens(tokenizer, text, includeEnd, path(index)));
    const submission = this.submit(
      {
        op: "rank",
        ...deployment(question),
        options: {},
        prepare: async (signal) => {
          const inputs = await prepare(signal);
          return { ...inputs, candidates: tokensOf(await processor()) };
        },
      },
      call,
    );
    const result = await submission;
    return { likelihoods: likelihoodsOf(result, tokensOf(await processor())), facts: factsOf(result) };
  }

  /** How a question's inputs are made, and the processor that makes them. */
  #prepared({ image, prompt, modelId, size, interpolate }: CheckedQuestion) {
    // The processor that made the inputs also reads the answer, though the deployment may be gone by then.
    let used: InstructBlipProcessor | undefined;
    const prepare = async (signal: AbortSignal): Promise<PreparedInputs> => {
      const { processor, hash } = await this.#processors.get(modelId);
      used = processor;
      const prepared = await this.#images.prepare(image, processor, { hash, size }, signal);
      const { inputIds, qformerInputIds } = processor.encode(prompt);
      return {
        image: interpolate ? { ...prepared, interpolate } : prepared,
        inputIds: Int32Array.from(inputIds),
        qformerInputIds: Int32Array.from(qformerInputIds),
      };
    };
    return { prepare, processor: async () => used ?? (await this.processor(modelId)) };
  }
}

function deployment({ modelId }: CheckedQuestion): { modelId?: string } {
  return modelId === undefined ? {} : { modelId };
}
