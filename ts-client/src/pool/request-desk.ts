import { checkInputs } from "../engine/check-inputs.ts";
import { imageOf } from "../engine/image-of.ts";
import { type AnyRequest, type CallOptions, onAbort, PendingSubmission } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { type MessageOf, PartAssembly, uuidv7 } from "../protocol/index.ts";
import type { SchedulerEffect } from "../scheduler/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { type BatchItem, submitMessages } from "./batch-message.ts";
import type { EventHub } from "./event-hub.ts";
import { errorOf, resultOf } from "./outcome.ts";
import { describeRequest, monotonic, type RequestEntry } from "./request-entry.ts";
import type { SchedulerShell } from "./scheduler-shell.ts";
import type { WorkerPlace } from "./supervisor/worker-place.ts";
import type { WorkerSet } from "./worker-set.ts";

type EffectOf<T extends SchedulerEffect["type"]> = Extract<SchedulerEffect, { type: T }>;
/** What the scheduler wants done about requests. */
export type RequestEffect = EffectOf<
  "prepare" | "dispatch" | "cancelAttempt" | "deliver" | "settle" | "retried" | "overloaded"
>;

/** The requests of a pool, from their submission to their settlement. */
export class RequestDesk {
  readonly #scheduler: SchedulerShell;
  readonly #workers: WorkerSet;
  readonly #events: EventHub;
  readonly #entries = new Map<string, RequestEntry>();

  constructor(scheduler: SchedulerShell, workers: WorkerSet, events: EventHub) {
    this.#scheduler = scheduler;
    this.#workers = workers;
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
      onConsumed: (chunks) => this.#giveCredit(requestId, chunks),
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

  perform(effect: RequestEffect): void {
    switch (effect.type) {
      case "prepare":
        void this.#prepare(effect.requestId);
        return;
      case "dispatch":
        return this.#dispatch(effect);
      case "cancelAttempt": {
        const { workerId, requestId, attempt, reason } = effect;
        return this.#workers.send(workerId, "control", "CANCEL", { request_id: requestId, attempt, reason });
      }
      case "deliver": {
        const entry = this.#entries.get(effect.requestId);
        entry?.delivered.push(...effect.tokens);
        return entry?.submission.deliver(effect.tokens, effect.logProbs);
      }
      case "settle":
        return this.#settle(effect);
      case "retried": {
        const { attempt, workerId, code } = effect.failure;
        return this.#events.emit("requestRetried", { requestId: effect.requestId, attempt, workerId, code });
      }
      case "overloaded": {
        const { queued, retryAfterMs } = effect;
        return this.#events.emit("overloaded", { queued, retryAfterMs });
      }
    }
  }

  /** Sends pictures that a worker was believed to have. */
  sendPictures(workerId: string, hashes: readonly string[]): void {
    for (const { inputs } of this.#entries.values()) {
      const image = imageOf(inputs);
      if (image === undefined || !hashes.includes(image.hash)) continue;
      this.#workers.send(workerId, "data", "PUT", { hash: image.hash, tensor: 0 }, [image.tensor]);
      hashes = hashes.filter((hash) => hash !== image.hash);
      if (hashes.length === 0) return;
    }
  }

  /** Takes a part of a large output. @throws PROTOCOL when the worker confuses its parts */
  onPart(workerId: string, message: MessageOf<"PART">): void {
    const { request_id: requestId, attempt } = message.header;
    const entry = this.#current(workerId, requestId, attempt);
    if (entry === undefined) return;
    if (entry.parts?.attempt !== attempt) entry.parts = { attempt, assembly: new PartAssembly() };
    entry.parts.assembly.add(message);
    this.#workers.send(workerId, "control", "CREDIT", { request_id: requestId, attempt, chunks: 1 });
  }

  /** The outputs of a RESULT that came in parts. @throws PROTOCOL when some are missing */
  largeOutputs(workerId: string, { header }: MessageOf<"RESULT">): Record<string, Tensor> {
    const { request_id: requestId, attempt, parts = 0 } = header;
    const entry = this.#current(workerId, requestId, attempt);
    if (entry === undefined) return {};
    const assembly = entry.parts?.attempt === attempt ? entry.parts.assembly : new PartAssembly();
    entry.parts = undefined;
    return assembly.finish(parts);
  }

  /** The request that a worker's message is about, if it speaks for the attempt that runs now. */
  #current(workerId: string, requestId: string, attempt: number): RequestEntry | undefined {
    const live = this.#scheduler.state.requests.get(requestId);
    const current = live?.phase === "running" && live.workerId === workerId && live.attempt === attempt;
    return current ? this.#entries.get(requestId) : undefined;
  }

  #admit(request: AnyRequest, options: CallOptions, submission: PendingSubmission, modelId: string): void {
    const { requestId } = submission;
    if (this.#entries.has(requestId)) {
      const message = `A request with the id ${requestId} is already under way.`;
      throw new InstructBlipError("INVALID_ARGUMENT", message, { path: "requestId" });
    }
    const now = monotonic();
    const description = describeRequest(request, options, requestId, modelId, now);
    this.#entries.set(requestId, {
      request,
      modelId,
      submission,
      deadlineAt: description.deadlineAt,
      submittedAt: now,
      abort: new AbortController(),
      inputs: undefined,
      prepareMs: 0,
      delivered: [],
      parts: undefined,
      cancelReason: undefined,
      release: onAbort(options.signal, (reason) => this.#cancel(requestId, reason)),
    });
    this.#scheduler.handle({ type: "submit", request: description });
  }

  #cancel(requestId: string, reason: unknown): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    entry.cancelReason = reason;
    this.#scheduler.handle({ type: "cancel", requestId });
  }

  #giveCredit(requestId: string, chunks: number): void {
    const request = this.#scheduler.state.requests.get(requestId);
    if (request?.workerId === undefined) return;
    const { workerId, attempt } = request;
    this.#workers.send(workerId, "control", "CREDIT", { request_id: requestId, attempt, chunks });
  }

  async #prepare(requestId: string): Promise<void> {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    // It may have ended meanwhile, and another request have its id.
    const isOver = () => this.#entries.get(requestId) !== entry;
    const began = monotonic();
    try {
      const inputs = await entry.request.prepare(entry.abort.signal);
      const bytes = checkInputs(entry.request.op, inputs);
      if (isOver()) return;
      entry.inputs = inputs;
      entry.prepareMs = monotonic() - began;
      this.#scheduler.handle({ type: "prepared", requestId, bytes });
    } catch (failure) {
      if (!isOver()) this.#scheduler.handle({ type: "prepareFailed", requestId, failure });
    }
  }

  #dispatch({ workerId, epoch, items }: EffectOf<"dispatch">): void {
    const place = this.#workers.byWorkerId(workerId);
    if (place === undefined) return;
    const batch = items.flatMap(({ requestId, attempt }): BatchItem[] => {
      const entry = this.#entries.get(requestId);
      return entry === undefined ? [] : [{ requestId, attempt, entry }];
    });
    if (batch.length > 0) this.#send(place, epoch, batch);
  }

  /** Sends a batch; what does not fit into a message together goes one by one. */
  #send(place: WorkerPlace, epoch: number, batch: readonly BatchItem[]): void {
    const known = this.#workers.picturesOf(place);
    const messages = submitMessages(batch, epoch, place.deployment.modelId, known, monotonic());
    for (const { batch: sent, header, tensors } of messages) {
      try {
        this.#workers.send(place.workerId, "data", "SUBMIT", header, tensors);
      } catch (error) {
        const [first, ...others] = sent;
        if (others.length > 0) for (const item of sent) this.#send(place, epoch, [item]);
        else if (first !== undefined) this.#refuse(place, epoch, first, error);
      }
    }
  }

  /** Ends a request that cannot be put into a message. */
  #refuse({ workerId }: WorkerPlace, epoch: number, { requestId, attempt }: BatchItem, error: unknown): void {
    const { code, message, path } = InstructBlipError.isInstance(error)
      ? error
      : new InstructBlipError("INTERNAL", String(error));
    this.#scheduler.handle({ type: "error", workerId, epoch, requestId, attempt, code, message, path });
  }

  #settle({ requestId, outcome }: EffectOf<"settle">): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    this.#entries.delete(requestId);
    entry.release();
    if (outcome.ok) {
      const place = this.#workers.byWorkerId(outcome.workerId);
      if (place !== undefined) place.completed += 1;
      try {
        entry.submission.resolve(resultOf(entry, outcome, requestId));
      } catch (error) {
        entry.submission.reject(error);
      }
      return;
    }
    const error = errorOf(entry, outcome, requestId);
    entry.abort.abort(error);
    this.#events.emit("requestFailed", { requestId, code: error.code });
    entry.submission.reject(error);
  }
}
