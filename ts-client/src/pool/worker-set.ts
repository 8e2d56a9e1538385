import { randomBytes } from "node:crypto";
import type { HeaderOf, Message } from "../protocol/index.ts";
import { KnownPictures } from "./batch-message.ts";
import type { Deployment } from "./deployment.ts";
import type { Launcher } from "./launcher/launcher.ts";
import type { ResolvedPoolOptions } from "./options.ts";
import { monotonic } from "./request-entry.ts";
import { LoadGate } from "./supervisor/load-gate.ts";
import type { PlaceHandlers } from "./supervisor/place-options.ts";
import { WorkerPlace } from "./supervisor/worker-place.ts";
import { WorkerTransport } from "./transport/worker-transport.ts";

/** What the workers tell the pool. */
export interface WorkerSetHandlers extends PlaceHandlers {
  /** A message about requests or files, from a worker that is known. */
  readonly onMessage: (place: WorkerPlace, message: Message) => void;
}

/** All places of a pool: makes them, carries messages to and from them, and watches over them. */
export class WorkerSet {
  /** Random per pool: tells this pool's messages from those of an earlier one. */
  readonly poolEpoch = randomBytes(8).toString("hex");
  readonly #options: ResolvedPoolOptions;
  readonly #launcher: Launcher;
  readonly #handlers: WorkerSetHandlers;
  readonly #gate = new LoadGate();
  readonly #places = new Map<string, WorkerPlace>();
  readonly #pictures = new WeakMap<WorkerPlace, { readonly epoch: number; readonly known: KnownPictures }>();
  #transport: WorkerTransport | undefined;
  #watch: NodeJS.Timeout | undefined;
  #watchedAt = 0;
  #epochs = 0;
  #names = 0;

  constructor(options: ResolvedPoolOptions, launcher: Launcher, handlers: WorkerSetHandlers) {
    this.#options = options;
    this.#launcher = launcher;
    this.#handlers = handlers;
  }

  get places(): readonly WorkerPlace[] {
    return [...this.#places.values()];
  }

  /** Opens the sockets. */
  async open(): Promise<void> {
    const { logger, liveness } = this.#options;
    this.#transport = await WorkerTransport.open(
      {
        onConnected: (workerId, hello) => this.#placeOf(workerId)?.onConnected(hello),
        onMessage: (workerId, message) => this.#route(workerId, message),
        onBreach: (workerId, reason) => this.#placeOf(workerId)?.kill("PROTOCOL", reason),
      },
      logger,
    );
    this.#watchedAt = monotonic();
    this.#watch = setInterval(() => this.#watchAll(), liveness.beatMs);
  }

  /** Starts a deployment's workers. */
  add(deployment: Deployment): void {
    for (let index = 0; index < deployment.workers; index += 1) {
      const place = this.#create(deployment, deployment.devices[index % deployment.devices.length] ?? "auto");
      this.#places.set(place.name, place);
      place.start();
    }
  }

  /** Stops some workers for good. */
  async remove(leaving: readonly WorkerPlace[]): Promise<void> {
    await Promise.all(leaving.map((place) => place.stop()));
    for (const place of leaving) this.#places.delete(place.name);
  }

  /** The places of a deployment. */
  placesOf(modelId: string): readonly WorkerPlace[] {
    return this.places.filter((place) => place.deployment.modelId === modelId);
  }

  /** The pictures that the worker now in this place was sent. */
  picturesOf(place: WorkerPlace): KnownPictures {
    const remembered = this.#pictures.get(place);
    if (remembered?.epoch === place.epoch) return remembered.known;
    const known = new KnownPictures();
    this.#pictures.set(place, { epoch: place.epoch, known });
    return known;
  }

  /** The place with that worker, if it is still there. */
  byWorkerId(workerId: string): WorkerPlace | undefined {
    return this.#placeOf(workerId);
  }

  send: WorkerTransport["send"] = (...message) => this.#transport?.send(...message);

  /** Stops all workers and closes the sockets. */
  async close(): Promise<void> {
    clearInterval(this.#watch);
    await Promise.all(this.places.map((place) => place.stop()));
    await this.#transport?.close();
  }

  #create(deployment: Deployment, device: string): WorkerPlace {
    const transport = this.#transport;
    if (transport === undefined) throw new Error("The sockets are opened before workers are added.");
    const { liveness, restart, helloTimeoutMs, loadTimeoutMs, logger } = this.#options;
    const name = `worker-${this.#names++}`;
    return new WorkerPlace({
      name,
      deployment,
      device,
      poolEpoch: this.poolEpoch,
      launcher: this.#launcher,
      transport,
      gate: this.#gate,
      liveness,
      restart,
      helloTimeoutMs,
      loadTimeoutMs,
      nextEpoch: () => ++this.#epochs,
      handlers: this.#handlers,
      logger,
    });
  }

  /** A worker's id is its place's name and its epoch. */
  #placeOf(workerId: string): WorkerPlace | undefined {
    const place = this.#places.get(workerId.slice(0, workerId.lastIndexOf(".")));
    return place?.workerId === workerId ? place : undefined;
  }

  #route(workerId: string, message: Message): void {
    const place = this.#placeOf(workerId);
    if (place === undefined) return;
    if (isAboutWorker(message)) place.onMessage(message);
    else this.#handlers.onMessage(place, message);
  }

  #watchAll(): void {
    const now = monotonic();
    const late = now - this.#watchedAt - this.#options.liveness.beatMs;
    this.#watchedAt = now;
    // When this process itself stood still, the others' silence means nothing.
    const excused = late > this.#options.liveness.beatMs;
    if (excused) this.#options.logger.debug(`the pool was held up for ${Math.round(late)} ms`);
    for (const place of this.#places.values()) place.watch(excused);
  }
}

/** Whether a message concerns the worker itself rather than a request. */
function isAboutWorker(message: Message): boolean {
  if (message.kind === "ERROR") return (message.header as HeaderOf<"ERROR">).request_id === undefined;
  return ["PING", "BEAT", "PROGRESS", "READY", "GOODBYE"].includes(message.kind);
}
