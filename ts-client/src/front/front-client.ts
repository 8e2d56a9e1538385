import { type Deferred, deferred } from "../engine/deferred.ts";
import type { PreparedImage, Submission } from "../engine/index.ts";
import type { HeaderOf } from "../protocol/index.ts";
import { FrontRequest, type FrontSender } from "./front-request.ts";

/** One connected process: its requests, and the pictures it was asked for. */
export class FrontClient {
  seenAt = performance.now();
  readonly #requests = new Map<string, FrontRequest>();
  /** Who waits for a picture, by its hash. */
  readonly #pictures = new Map<string, Set<Deferred<PreparedImage>>>();

  /** Requests under way, those whose end is still being passed on among them. */
  get underWay(): number {
    return this.#requests.size;
  }

  request(requestId: string): FrontRequest | undefined {
    return this.#requests.get(requestId);
  }

  /** Takes a request in and passes on what becomes of it. */
  run(item: HeaderOf<"SUBMIT">["items"][number], submission: Submission, sender: FrontSender): void {
    const request = new FrontRequest(item, submission, sender);
    this.#requests.set(request.requestId, request);
    void request.run(item.stream).then(() => this.#requests.delete(request.requestId));
  }

  /**
   * The picture with that hash, once the client has sent it.
   *
   * @param signal - the request that wants it has ended
   * @param ask - asks the client for it
   */
  async awaitPicture(hash: string, signal: AbortSignal, ask: () => void): Promise<PreparedImage> {
    signal.throwIfAborted();
    const mine = deferred<PreparedImage>();
    const waiting = this.#pictures.get(hash) ?? new Set();
    this.#pictures.set(hash, waiting.add(mine));
    const giveUp = () => {
      waiting.delete(mine);
      if (waiting.size === 0 && this.#pictures.get(hash) === waiting) this.#pictures.delete(hash);
      mine.reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    if (waiting.size === 1) ask();
    try {
      return await mine.promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** A picture has come, or what the client sent in its place is refused. */
  onPicture(hash: string, image: PreparedImage | Error): void {
    const waiting = this.#pictures.get(hash) ?? [];
    this.#pictures.delete(hash);
    for (const { resolve, reject } of waiting) {
      if (image instanceof Error) reject(image);
      else resolve(image);
    }
  }

  /** Gives up everything the client asked for. */
  leave(reason: string): void {
    for (const request of this.#requests.values()) request.cancel(reason);
  }
}
