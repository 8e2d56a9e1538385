import type { Engine } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { InstructBlipProcessor } from "../processor/index.ts";

/** A processor and the hash of the files it was made from. */
export interface ServedProcessor {
  readonly processor: InstructBlipProcessor;
  readonly hash: string;
}

/** The processors of an engine's deployments; deployments with the same files share one. */
export class ProcessorCache {
  readonly #engine: Pick<Engine, "assets">;
  readonly #byHash = new Map<string, Promise<InstructBlipProcessor>>();

  constructor(engine: Pick<Engine, "assets">) {
    this.#engine = engine;
  }

  /** @throws UNSUPPORTED for a model that has none */
  async get(modelId: string | undefined): Promise<ServedProcessor> {
    const assets = await this.#engine.assets(modelId);
    if (Object.keys(assets.files).length === 0) {
      throw new InstructBlipError(
        "UNSUPPORTED",
        "This model was made from a configuration: it has no tokenizers. Give its `generate` and `forward` token ids, " +
          "in `inputIds` and `qformerInputIds`.",
        { path: "inputIds" },
      );
    }
    const known = this.#byHash.get(assets.hash);
    if (known !== undefined) return { processor: await known, hash: assets.hash };
    const made = Promise.resolve(InstructBlipProcessor.fromAssets(assets));
    this.#byHash.set(assets.hash, made);
    made.catch(() => this.#byHash.delete(assets.hash));
    return { processor: await made, hash: assets.hash };
  }
}
