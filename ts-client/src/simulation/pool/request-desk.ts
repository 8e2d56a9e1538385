import { checkInputs } from "../../engine/check-inputs.ts";
import {
  type AnyRequest,
  type CallOptions,
  type GenerateResult,
  onAbort,
  PendingSubmission,
  type PreparedInputs,
} from "../../engine/index.ts";
import { InstructBlipError } from "../../errors/index.ts";
import type { EventHub } from "../../pool/event-hub.ts";
import { errorOf } from "../../pool/outcome.ts";
import { describeRequest, type RequestEntry } from "../../pool/request-entry.ts";
import { uuidv7 } from "../../protocol/index.ts";
import type { SchedulerEffect } from "../../scheduler/index.ts";
import type { SchedulerDriver } from "./scheduler-driver.ts";
import type { ScriptedItem, ScriptedResult } from "./scripted-worker.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

type EffectOf<T extends SchedulerEffect["type"]> = Extract<SchedulerEffect, { type: T }>;

/** The requests of a simulated pool, from their submission to their settlement. */
export class RequestDesk {
  readonly #clock: SimulatedClock;
  readonly #scheduler: SchedulerDriver;
  readonly #events: EventHub;
  readonly #entries = new Map<string, RequestEntry>();

  constructor(clock: SimulatedClock, scheduler: SchedulerDriver, events: EventHub) {
    this.#clock = clock;
    this.#scheduler = scheduler;
    this.#events = events;
  }

  /** Requests under way. */
  get size(): number {
    return this.#entries.size;
  }

  /** @param resolveModel - gives the id of the request's model, or throws */
  submit(request: AnyRequest, options: CallOptions, resolveModel: () => string): PendingSubmission {
    const requestId = options.requestId ?? uuidv7();
    const submission = new PendingSubmission(requestId, {
      onCancel: (reason) => this.#cancel(requestId, reason),
      onConsumed: () => {},
    });
    try {
      this.#admit(request, options, submission, resolveModel());
    } catch (error) {
      submission.reject(error);
    }
    return submission;
  }

  /** Resolves when a model's requests have ended. */
  async untilSettled(modelId: string): Promise<void> {
    const underWay = [...this.#entries.values()].filter((entry) => entry.modelId === modelId);
    await Promise.allSettled(underWay.map(({ submission }) => submission));
  }

  /** Decoding a picture takes real time: the clock waits for it. */
  async prepare(requestId: string): Promise<void> {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    const release = this.#clock.hold();
    try {
      const inputs = await entry.request.prepare(entry.abort.signal);
      const bytes = checkInputs(entry.request.op, inputs);
      entry.inputs = inputs;
      if (this.#entries.get(requestId) === entry)
        this.#scheduler.handle({ type: "prepared", requestId, bytes });
    } catch (failure) {
      if (this.#entries.get(requestId) === entry) {
        this.#scheduler.handle({ type: "prepareFailed", requestId, failure });
      }
    } finally {
      release();
    }
  }

  /** What a batch's worker is sent. */
  batch({ items }: EffectOf<"dispatch">): ScriptedItem[] {
    return items.flatMap(({ requestId, attempt }) => {
      const { request, inputs } = this.#entries.get(requestId) ?? {};
      if (request?.op !== "generate" || inputs === undefined) return [];
      const rows = this.#scheduler.state.requests.get(requestId)?.rows ?? 1;
      const { stream = false, options } = request;
      return [{ requestId, attempt, rows, stream, inputs: inputs as PreparedInputs, options }];
    });
  }

  deliver({ requestId, tokens }: EffectOf<"deliver">): void {
    const entry = this.#entries.get(requestId);
    entry?.delivered.push(...tokens);
    entry?.submission.deliver(tokens);
  }

  settle({ requestId, outcome }: EffectOf<"settle">): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    this.#entries.delete(requestId);
    entry.release();
    if (outcome.ok) {
      const { timings, ...answer } = outcome.payload as ScriptedResult;
      const total = this.#clock.now - entry.submittedAt;
      const result: GenerateResult = {
        ...answer,
        requestId,
        attempts: outcome.attempt,
        failedAttempts: outcome.failures,
        timings: { prepare: 0, queue: outcome.queueMs, ...timings, total },
        workerId: outcome.workerId,
        outputs: {},
      };
      return entry.submission.resolve(result);
    }
    const error = errorOf(entry, outcome, requestId);
    entry.abort.abort(error);
    this.#events.emit("requestFailed", { requestId, code: error.code });
    entry.submission.reject(error);
  }

  #admit(request: AnyRequest, options: CallOptions, submission: PendingSubmission, modelId: string): void {
    const { requestId } = submission;
    if (request.op !== "generate") {
      const message = `A simulated pool runs no model: it cannot do "${request.op}", only "generate".`;
      throw new InstructBlipError("UNSUPPORTED", message, { path: "op" });
    }
    if (this.#entries.has(requestId)) {
      const message = `A request with the id ${requestId} is already under way.`;
      throw new InstructBlipError("INVALID_ARGUMENT", message, { path: "requestId" });
    }
    const description = describeRequest(request, options, requestId, modelId, this.#clock.now);
    const entry: RequestEntry = {
      request,
      modelId,
      submission,
      deadlineAt: description.deadlineAt,
      submittedAt: this.#clock.now,
      abort: new AbortController(),
      inputs: undefined,
      prepareMs: 0,
      delivered: [],
      parts: undefined,
      cancelReason: undefined,
      release: onAbort(options.signal, (reason) => this.#cancel(requestId, reason)),
    };
    this.#entries.set(requestId, entry);
    this.#scheduler.handle({ type: "submit", request: description });
  }

  #cancel(requestId: string, reason: unknown): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    entry.cancelReason = reason;
    this.#scheduler.handle({ type: "cancel", requestId });
  }
}
