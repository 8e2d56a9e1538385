import type { ModelInfo } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { type Deployment, serves } from "./deployment.ts";

/** A deployment, and what became of it. */
export interface ServedModel {
  readonly deployment: Deployment;
  /** What its first worker said; undefined until one was ready. */
  info: ModelInfo | undefined;
  /** Why no worker comes, when all its places gave up. */
  trouble: InstructBlipError | undefined;
}

/** What a pool serves, by model id, and those who wait for it. */
export class ServedModels {
  readonly #models = new Map<string, ServedModel>();
  #waiting: (() => void)[] = [];
  #closed = false;

  get infos(): ModelInfo[] {
    return [...this.#models.values()].flatMap(({ info }) => (info === undefined ? [] : [info]));
  }

  get ids(): string[] {
    return [...this.#models.keys()];
  }

  get(modelId: string): ServedModel | undefined {
    return this.#models.get(modelId);
  }

  /** @throws POOL_CLOSED; INVALID_ARGUMENT when the id is taken */
  add(deployment: Deployment): void {
    this.#assertOpen();
    const { modelId } = deployment;
    if (this.#models.has(modelId)) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        `Another deployment is called "${modelId}". Give this one its own \`modelId\`.`,
        { path: "modelId" },
      );
    }
    this.#models.set(modelId, { deployment, info: undefined, trouble: undefined });
  }

  remove(modelId: string): void {
    this.#models.delete(modelId);
    this.changed();
  }

  close(): void {
    this.#closed = true;
    this.#models.clear();
    this.changed();
  }

  /**
   * The id of a deployment that serves what another asks for.
   *
   * @param name - the id it must have; any will do without
   */
  equivalent(wanted: Deployment, name?: string): string | undefined {
    return this.ids.find((id) => {
      const served = this.#models.get(id);
      return served !== undefined && (name ?? id) === id && serves(served.deployment, wanted);
    });
  }

  /** The model a request means: the only one, when it names none. @throws why there is no such model */
  resolve(modelId: string | undefined): string {
    this.#assertOpen();
    if (modelId !== undefined) {
      if (this.#models.has(modelId)) return modelId;
      throw this.#notFound(modelId);
    }
    const [only, another] = this.ids;
    if (only !== undefined && another === undefined) return only;
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      `\`modelId\` must name one of the models served here: ${this.ids.join(", ") || "none"}.`,
      { path: "modelId" },
    );
  }

  /** Waits until a worker of the model was ready once. @throws why none will be */
  async untilServed(modelId: string): Promise<ModelInfo> {
    await this.until(() => {
      const served = this.#models.get(modelId);
      if (served === undefined) throw this.#notFound(modelId);
      if (served.info === undefined && served.trouble !== undefined) throw served.trouble;
      return served.info !== undefined;
    });
    const info = this.#models.get(modelId)?.info;
    if (info === undefined) throw this.#notFound(modelId);
    return info;
  }

  /** Waits until a condition holds. @throws what it throws; POOL_CLOSED */
  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      this.#assertOpen();
      if (condition()) return;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Something happened that others may wait for. */
  changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #assertOpen(): void {
    if (this.#closed) throw new InstructBlipError("POOL_CLOSED", "The pool is closed.");
  }

  #notFound(modelId: string): InstructBlipError {
    return new InstructBlipError(
      "MODEL_NOT_FOUND",
      `No model is called "${modelId}" here. Known models: ${this.ids.join(", ") || "none"}.`,
      { path: "modelId" },
    );
  }
}
