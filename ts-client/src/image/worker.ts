import { move, transferableSymbol, valueSymbol } from "piscina";
import { type PrepareTask, prepare } from "./prepare.ts";
import { Refusal } from "./refusal.ts";
import type { RgbImage } from "./rgb-image.ts";

/** What a thread answers. A refusal is data: an error's class is lost on the way between threads. */
export type PrepareResult = { readonly image: RgbImage } | { readonly refusal: string };

/** The task of a preparation thread. */
export default async function run(task: PrepareTask): Promise<unknown> {
  try {
    const image = await prepare(task);
    const result: PrepareResult = { image };
    // A resized picture has memory of its own; an undecorated one may lie in memory that cannot be given away.
    if (task.resize === undefined) return result;
    return move({ [transferableSymbol]: [image.data.buffer], [valueSymbol]: result });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const refusal: PrepareResult = { refusal: error.message };
    return refusal;
  }
}
