import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  InstructBlipConfig,
  InstructBlipQFormerConfig,
  InstructBlipVisionConfig,
  LlamaConfig,
  OPTConfig,
  T5Config,
} from "../../../ts-client/src/config/index.ts";

const SOURCES = [
  ["vision-config.ts", new InstructBlipVisionConfig()],
  ["qformer-config.ts", new InstructBlipQFormerConfig()],
  ["instructblip-config.ts", new InstructBlipConfig()],
  ["t5-config.ts", new T5Config()],
  ["llama-config.ts", new LlamaConfig()],
  ["opt-config.ts", new OPTConfig()],
  ["pretrained-config.ts", new InstructBlipVisionConfig()],
] as const;

/** Fields that are parts or follow from others, and so have no default of their own. */
const WITHOUT_DEFAULT = [
  "modelType",
  "extra",
  "visionConfig",
  "qformerConfig",
  "textConfig",
  "useDecoderOnlyLanguageModel",
];

describe.each(SOURCES)("the fields of %s", (name, config) => {
  const source = readFileSync(new URL(`../../../ts-client/src/config/${name}`, import.meta.url), "utf8");
  const declared = [...source.matchAll(/(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?declare readonly (\w+):/g)];
  const fields = declared.map(([, doc = "", field = ""]) => ({ field, doc }));

  it("are all documented, and with their defaults", () => {
    const values = config as unknown as Readonly<Record<string, unknown>>;
    const wrong = fields
      .filter(({ field }) => !WITHOUT_DEFAULT.includes(field))
      .filter(({ field, doc }) => {
        const text = doc.match(/@default ([^\n]*)/)?.[1]?.replace(/\*?\s*$/, "");
        return text === undefined || !means(text, values[field], values);
      });
    expect(fields.length).toBeGreaterThan(5);
    expect(wrong.map(({ field }) => field)).toEqual([]);
  });

  it("are the fields there are", () => {
    const names = new Set(Object.keys(config));
    expect(fields.filter(({ field }) => !names.has(field) && !WITHOUT_DEFAULT.includes(field))).toEqual([]);
  });
});

/** Whether a documented default is a value: a literal, another field's value in backticks, or a remark. */
function means(text: string, value: unknown, fields: Readonly<Record<string, unknown>>): boolean {
  if (text.startsWith("follows from")) return true;
  const formula = text.match(/^`(\w+)(?: \/ (\w+))?`$/);
  if (formula !== null) {
    const [, one = "", other] = formula;
    return value === (other === undefined ? fields[one] : Number(fields[one]) / Number(fields[other]));
  }
  const literal = text.split(",")[0]?.startsWith("{") ? text : (text.split(",")[0] ?? "");
  const json = literal.replace(/(\w+):/g, '"$1":');
  return JSON.stringify(JSON.parse(json)) === JSON.stringify(value);
}
