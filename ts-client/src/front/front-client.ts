import type { PreparedImage, Submission } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { HeaderOf } from "../protocol/index.ts";
import { FrontRequest, type FrontSender } from "./front-request.ts";

interface Awaited {
  readonly picture: Promise<PreparedImage>;
  readonly resolve: (image: PreparedImage) => void;
  readonly reject: (error: Error) => void;
}

/** One connected process: its requests, and the pictures it was asked for. */
export class FrontClient {
  seenAt = performance.now();
  readonly #requests = new Map<string, FrontRequest>();
  readonly #pictures = new Map<string, Awaited>();

  request(requestId: string): FrontRequest | undefined {
    return this.#requests.get(requestId);
  }

  /** Takes a request in and passes on what becomes of it. */
  run(
    item: HeaderOf<"SUBMIT">["items"][number],
    submission: Submission<"generate">,
    sender: FrontSender,
  ): void {
    const request = new FrontRequest(item, submission, sender);
    this.#requests.set(request.requestId, request);
    void request.run(item.stream).then(() => {
      if (this.#requests.get(request.requestId) === request) this.#requests.delete(request.requestId);
    });
  }

  /** The picture with that hash, once the client has sent it. */
  awaitPicture(hash: string): Promise<PreparedImage> {
    const known = this.#pictures.get(hash);
    if (known !== undefined) return known.picture;
    const { promise, resolve, reject } = withResolvers<PreparedImage>();
    this.#pictures.set(hash, { picture: promise, resolve, reject });
    return promise;
  }

  onPicture(hash: string, image: PreparedImage | Error): void {
    const awaited = this.#pictures.get(hash);
    this.#pictures.delete(hash);
    if (image instanceof Error) awaited?.reject(image);
    else awaited?.resolve(image);
  }

  /** Gives up everything the client asked for. */
  leave(reason: string): void {
    for (const request of this.#requests.values()) request.cancel(reason);
    for (const hash of [...this.#pictures.keys()]) {
      this.onPicture(hash, new InstructBlipError("CANCELLED", reason));
    }
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
