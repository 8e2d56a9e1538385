import type { WatermarkingConfig } from "./generate-options.ts";
import { integer, type OptionRule, real, shaped } from "./option-rules.ts";

/** Fields of `watermarkingConfig` with their names on the wire and their values. */
export const WATERMARKING_FIELDS = {
  greenlistRatio: { wire: "greenlist_ratio", rule: real({ above: 0, below: 1 }) },
  bias: { wire: "bias", rule: real() },
  hashingKey: { wire: "hashing_key", rule: integer({ min: 0 }) },
  seedingScheme: {
    wire: "seeding_scheme",
    rule: shaped('"lefthash" or "selfhash"', "<name>", (value): value is "lefthash" | "selfhash" =>
      ["lefthash", "selfhash"].includes(value as string),
    ),
  },
  contextWidth: { wire: "context_width", rule: integer({ min: 1, max: 64 }) },
} as const satisfies {
  readonly [K in keyof WatermarkingConfig]-?: {
    wire: string;
    rule: OptionRule<NonNullable<WatermarkingConfig[K]>>;
  };
};

/** A watermarking configuration of known fields with values they may have. */
export function isWatermarking(value: unknown): value is WatermarkingConfig {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const fields: Record<string, { rule: OptionRule<unknown> }> = WATERMARKING_FIELDS;
  return Object.entries(value).every(
    ([name, field]) =>
      Object.hasOwn(fields, name) && (field === undefined || fields[name]?.rule.accepts(field)),
  );
}
