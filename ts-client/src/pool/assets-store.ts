import type { ProcessorAssets } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { HeaderOf, Message } from "../protocol/index.ts";

/** How long a worker may take to send the files. @unit milliseconds */
const TIMEOUT_MS = 30_000;

interface Asking {
  readonly resolve: (assets: ProcessorAssets) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
  readonly ask: () => void;
}

/** The processors' files, fetched from workers once for each content hash. */
export class AssetsStore {
  readonly #byHash = new Map<string, Promise<ProcessorAssets>>();
  readonly #asking = new Map<number, Asking>();
  #nextId = 1;

  /**
   * The files with that hash.
   *
   * @param ask - sends an ASSETS message with this id to a worker that has them, if there is one now
   */
  get(hash: string, ask: (id: number) => void): Promise<ProcessorAssets> {
    const known = this.#byHash.get(hash);
    if (known !== undefined) return known;
    const id = this.#nextId++;
    const assets = new Promise<ProcessorAssets>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asking.delete(id);
        reject(new InstructBlipError("POOL_UNAVAILABLE", "No worker sent the processor's files in time."));
      }, TIMEOUT_MS);
      this.#asking.set(id, { resolve, reject, timer, ask: () => ask(id) });
    });
    this.#byHash.set(hash, assets);
    assets.catch(() => this.#byHash.delete(hash));
    ask(id);
    return assets;
  }

  /** Asks anew for what has not come: workers have come or gone, and one that was asked may be among them. */
  askAgain(): void {
    for (const { ask } of this.#asking.values()) ask();
  }

  onReply(message: Extract<Message, { kind: "ASSETS_REPLY" }>): void {
    const asking = this.#asking.get(message.header.id);
    if (asking === undefined) return;
    this.#asking.delete(message.header.id);
    clearTimeout(asking.timer);
    asking.resolve(assetsOf(message.header, message.tensors));
  }

  close(): void {
    for (const { reject, timer } of this.#asking.values()) {
      clearTimeout(timer);
      reject(new InstructBlipError("POOL_CLOSED", "The pool was closed."));
    }
    this.#asking.clear();
  }
}

/** The files of an ASSETS_REPLY, copied out of the message. */
export function assetsOf(
  header: HeaderOf<"ASSETS_REPLY">,
  tensors: Extract<Message, { kind: "ASSETS_REPLY" }>["tensors"],
): ProcessorAssets {
  const files: Record<string, Uint8Array> = {};
  for (const file of header.files) {
    const tensor = tensors[file.tensor];
    if (tensor !== undefined) files[file.path] = Uint8Array.from(tensor.bytes());
  }
  return { hash: header.hash, files };
}
