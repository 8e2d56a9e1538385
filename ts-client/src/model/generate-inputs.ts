import type { PreparedImage, PreparedInputs } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { Tensor } from "../tensor/index.ts";
import { hashedImage } from "./content-hash.ts";
import { flag } from "./forward/choose-outputs.ts";
import { type PixelSizes, type Pixels, wirePixels } from "./forward/pixels.ts";
import { type Ids, shown } from "./forward/tensor-checks.ts";

/** What the processor makes, and the model takes. */
export interface GenerateInputs {
  /**
   * float32 [pictures, 3, height, width], normalised. The processor's own also hold the 8-bit pixels, which
   * are a quarter as large and travel in their place.
   */
  readonly pixelValues: Pixels;
  /** Whether pictures may have another size than the model's; its position embeddings are interpolated. @default false */
  readonly interpolatePosEncoding?: boolean | undefined;
  /** The language model's prompts, [rows, tokens]. @default the empty prompt */
  readonly inputIds?: Ids | undefined;
  /** 1 for a token, 0 for padding, which may be on either side. @default all 1 */
  readonly attentionMask?: Ids | undefined;
  /** The Q-Former's prompts, [rows, tokens]. @default the empty prompt */
  readonly qformerInputIds?: Ids | undefined;
  /** As `attentionMask`. @default all 1 */
  readonly qformerAttentionMask?: Ids | undefined;
}

/** The prompts of one row, without padding. */
export type EmptyPrompt = Pick<PreparedInputs, "inputIds" | "qformerInputIds">;

/**
 * Cuts a batch into rows. A single picture serves all prompts, a single prompt all pictures.
 *
 * @param inputs - a batch, checked
 * @param emptyPrompt - the tokens of "" for prompts that were left out
 * @param imageSize - side of the square that the model was made for
 * @throws INVALID_ARGUMENT naming the input
 */
export function toRows(
  inputs: GenerateInputs,
  emptyPrompt: EmptyPrompt,
  imageSize: number,
): PreparedInputs[] {
  const interpolate = flag("interpolatePosEncoding", inputs.interpolatePosEncoding) ?? false;
  const images = toImages(inputs.pixelValues, { imageSize, interpolate });
  const texts = toPrompts(inputs, "inputIds", "attentionMask") ?? [emptyPrompt.inputIds];
  const questions = toPrompts(inputs, "qformerInputIds", "qformerAttentionMask") ?? [
    emptyPrompt.qformerInputIds,
  ];
  const rows = Math.max(images.length, texts.length, questions.length);
  const counts = { pixelValues: images, inputIds: texts, qformerInputIds: questions };
  for (const [name, { length }] of Object.entries(counts)) {
    if (length !== 1 && length !== rows) {
      throw invalidArgument(name, `of ${rows} rows like the other inputs, or of one`, length);
    }
  }
  return Array.from({ length: rows }, (_, row) => ({
    image: rowOf(images, row),
    inputIds: rowOf(texts, row),
    qformerInputIds: rowOf(questions, row),
  }));
}

function rowOf<T>(items: readonly T[], row: number): T {
  const item = items.length === 1 ? items[0] : items[row];
  if (item === undefined)
    throw new InstructBlipError("INTERNAL", `Row ${row} of ${items.length} is missing.`);
  return item;
}

function toImages(pixelValues: unknown, sizes: PixelSizes): PreparedImage[] {
  const tensor = wirePixels(pixelValues, sizes);
  return Array.from({ length: tensor.shape[0] ?? 0 }, (_, i) => ({
    ...hashedImage(tensor.slice(i) as PreparedImage["tensor"]),
    ...(sizes.interpolate && { interpolate: true }),
  }));
}

function toPrompts(
  inputs: GenerateInputs,
  idsName: "inputIds" | "qformerInputIds",
  maskName: "attentionMask" | "qformerAttentionMask",
): Int32Array[] | undefined {
  const ids = inputs[idsName];
  const mask = inputs[maskName];
  if (ids === undefined) {
    if (mask === undefined) return undefined;
    throw invalidArgument(maskName, `left out without \`${idsName}\``, shown(mask));
  }
  if (!isMatrix(ids)) throw invalidArgument(idsName, "an int64 tensor [rows, tokens]", shown(ids));
  if (mask !== undefined && (!isMatrix(mask) || mask.shape.join() !== ids.shape.join())) {
    throw invalidArgument(
      maskName,
      `an int64 tensor of the shape of \`${idsName}\`, [${ids.shape.join(", ")}]`,
      shown(mask),
    );
  }
  return Array.from({ length: ids.shape[0] ?? 0 }, (_, row) => {
    const tokens = numbers(ids, row);
    const wrong = tokens.find((id) => id < 0 || id >= 2 ** 31);
    if (wrong !== undefined) throw invalidArgument(`${idsName}[${row}]`, "of token ids from 0 up", wrong);
    const [from, to] =
      mask === undefined ? [0, tokens.length] : onlyRun(numbers(mask, row), `${maskName}[${row}]`);
    return Int32Array.from(tokens.slice(from, to));
  });
}

/** Where a mask's single run of 1 begins and ends. */
function onlyRun(mask: readonly number[], path: string): [from: number, to: number] {
  const from = mask.indexOf(1);
  const to = mask.lastIndexOf(1) + 1;
  if (from === -1 || mask.slice(from, to).includes(0) || mask.some((value) => value !== 0 && value !== 1)) {
    const remedy = "Padding goes to the ends: a token inside a prompt cannot be masked.";
    throw invalidArgument(
      path,
      "a single run of 1 with 0 before or after it",
      `[${mask.join(", ")}]`,
      remedy,
    );
  }
  return [from, to];
}

function numbers(tensor: Ids, row: number): number[] {
  return Array.from(tensor.slice(row).data, Number);
}

function isMatrix(value: unknown): value is Ids {
  return (
    value instanceof Tensor &&
    (value.dtype === "int64" || value.dtype === "int32") &&
    value.shape.length === 2 &&
    value.size > 0
  );
}
