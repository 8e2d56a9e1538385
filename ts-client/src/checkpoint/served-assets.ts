import { resolve } from "node:path";
import type { Engine, ProcessorAssets } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";

/** A checkpoint's files from a pool: any engine will do. */
export interface AssetsSource {
  /** The pool, or a client of one. */
  readonly pool: Pick<Engine, "assets">;
  /** Which deployment's. @default the pool's only one */
  readonly modelId?: string;
}

/**
 * The files of the deployment that a pool serves under a name: a model id, or the source that it
 * was loaded from.
 */
export async function servedAssets(
  pool: Pick<Engine, "assets" | "models">,
  name: string,
): Promise<ProcessorAssets> {
  const models = await pool.models();
  const served =
    models.find(({ modelId }) => modelId === name) ??
    models.find(({ source }) => source === name || resolve(source) === resolve(name));
  if (served !== undefined) return pool.assets(served.modelId);
  const names = models.map(({ modelId, source }) =>
    modelId === source ? modelId : `${modelId} (${source})`,
  );
  throw new InstructBlipError(
    "MODEL_NOT_FOUND",
    `The pool serves no \`${name}\`, but ${names.length === 0 ? "nothing" : names.join(", ")}. ` +
      "InstructBlipForConditionalGeneration.fromPretrained loads a model into a pool.",
  );
}
