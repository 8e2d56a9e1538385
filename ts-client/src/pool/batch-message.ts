import { LRUCache } from "lru-cache";
import { creditOf, type PreparedImage } from "../engine/index.ts";
import { toWireOp } from "../engine/wire-op.ts";
import type { HeaderOf } from "../protocol/index.ts";
import { LIMITS } from "../protocol/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { countEntries, MAX_OPTION_ENTRIES, type RequestEntry } from "./request-entry.ts";

/** Pictures a worker is believed to have. Wrong belief costs one NEED. */
const REMEMBERED_PICTURES = 512;
/** Bytes of options and tensors in one message, well under the protocol's limits. */
const HEADER_SHARE = 40 * 1024;
const TENSOR_SHARE = LIMITS.tensorBytes / 2;
/** Tensors of one request: a forward pass has the most. */
const TENSORS_OF_ONE = 16;
/** Entries of maps and arrays that leave room for one more request of any size that is admitted. */
const ENTRY_SHARE = LIMITS.items - MAX_OPTION_ENTRIES - 64;

/** The pictures a worker has been sent, by content hash. */
export class KnownPictures {
  readonly #hashes = new LRUCache<string, true>({ max: REMEMBERED_PICTURES });

  /** Whether the worker has it; notes that it is being sent otherwise. */
  has(hash: string): boolean {
    if (this.#hashes.get(hash) === true) return true;
    this.#hashes.set(hash, true);
    return false;
  }
}

export interface BatchItem {
  readonly requestId: string;
  readonly attempt: number;
  readonly entry: RequestEntry;
}

export interface SubmitMessage {
  readonly batch: readonly BatchItem[];
  readonly header: Omit<HeaderOf<"SUBMIT">, "tensors">;
  readonly tensors: readonly Tensor[];
}

/** The SUBMITs of a batch: one, unless it would outgrow a message. A picture travels once, if at all. */
export function submitMessages(
  batch: readonly BatchItem[],
  workerEpoch: number,
  modelId: string,
  known: KnownPictures,
  now: number,
): SubmitMessage[] {
  const messages: SubmitMessage[] = [];
  let builder = new SubmitBuilder(known, now);
  for (const item of batch) {
    if (builder.isFull) {
      messages.push(builder.build(workerEpoch, modelId));
      builder = new SubmitBuilder(known, now);
    }
    builder.add(item);
  }
  messages.push(builder.build(workerEpoch, modelId));
  return messages;
}

class SubmitBuilder {
  readonly #known: KnownPictures;
  readonly #now: number;
  readonly #batch: BatchItem[] = [];
  readonly #items: HeaderOf<"SUBMIT">["items"] = [];
  readonly #tensors: Tensor[] = [];
  readonly #pictures = new Map<string, number>();
  #headerBytes = 0;
  #tensorBytes = 0;
  #entries = 0;

  constructor(known: KnownPictures, now: number) {
    this.#known = known;
    this.#now = now;
  }

  get isFull(): boolean {
    return (
      this.#items.length >= LIMITS.batch ||
      this.#tensors.length + TENSORS_OF_ONE > LIMITS.tensors ||
      this.#headerBytes > HEADER_SHARE ||
      this.#entries > ENTRY_SHARE ||
      this.#tensorBytes > TENSOR_SHARE
    );
  }

  add(item: BatchItem): void {
    const { requestId, attempt, entry } = item;
    const { request, inputs } = entry;
    if (inputs === undefined) return;
    this.#batch.push(item);
    // An item's own fields, and those of its tensors.
    this.#entries += 40 + countEntries(request.options);
    this.#headerBytes += 300 + JSON.stringify(request.options).length;
    const ttl = entry.deadlineAt - this.#now;
    const op = toWireOp(request, inputs, {
      tensor: (tensor) => this.#push(tensor),
      image: (image) => this.#image(image),
    });
    this.#items.push({
      request_id: requestId,
      attempt,
      op,
      stream: request.stream ?? false,
      ...(Number.isFinite(ttl) ? { ttl_ms: Math.max(0, Math.ceil(ttl)) } : {}),
      credit: creditOf(request),
    });
  }

  build(workerEpoch: number, modelId: string): SubmitMessage {
    return {
      batch: this.#batch,
      header: { worker_epoch: workerEpoch, model_id: modelId, items: this.#items },
      tensors: this.#tensors,
    };
  }

  #image({ hash, tensor, interpolate }: PreparedImage): { hash: string; tensor?: number } {
    const named = { hash, ...(interpolate === true && { interpolate }) };
    const travelling = this.#pictures.get(hash);
    if (travelling !== undefined) return { ...named, tensor: travelling };
    if (this.#known.has(hash)) return named;
    const position = this.#push(tensor);
    this.#pictures.set(hash, position);
    return { ...named, tensor: position };
  }

  #push(tensor: Tensor): number {
    this.#tensorBytes += tensor.bytes().byteLength;
    this.#tensors.push(tensor);
    return this.#tensors.length - 1;
  }
}
