import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type ConfigJson,
  InstructBlipConfig,
  type PretrainedConfig,
} from "../../../ts-client/src/config/index.ts";
import { runPython } from "../../support/python.ts";
import { type Case, classOf, configCases } from "./cases.ts";

/** A configuration as Python's `to_dict` has it. */
interface Answer {
  readonly made: ConfigJson;
  readonly read: ConfigJson;
  readonly parts: Readonly<Record<string, ConfigJson>>;
}

/** Keys that every configuration of transformers has and that mean nothing to InstructBLIP. */
const NOT_OURS = [
  "_name_or_path",
  "_remove_final_layer_norm",
  "chunk_size_feed_forward",
  "id2label",
  "is_encoder_decoder",
  "label2id",
  "problem_type",
  "transformers_version",
];
const MODELS = ["tiny-shapes-t5", "tiny-shapes-llama"];
const PARTS = ["vision_config", "qformer_config", "text_config"];

let folder: string;
let cases: readonly Case[];
let configs: readonly PretrainedConfig[];
let answers: readonly Answer[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "configs-"));
  const read = async (name: string) => JSON.parse(await readFile(`models/${name}/config.json`, "utf8"));
  cases = configCases(await Promise.all(MODELS.map(read)), 40);
  configs = cases.map((item) => classOf(item.class).fromJSON(item.json));
  await Promise.all(configs.map((config, i) => config.savePretrained(join(folder, "ts", String(i)))));
  await writeFile(join(folder, "cases.json"), JSON.stringify(cases));
  await runPython("parity/config/configs.py", [folder]);
  answers = JSON.parse(await readFile(join(folder, "answers.json"), "utf8"));
}, 180_000);

afterAll(() => rm(folder, { recursive: true }));

describe("configurations", () => {
  it("have the values that transformers' have, made from the same dictionary", () => {
    expect(answers).toHaveLength(cases.length);
    const differing = cases.filter((_, i) => !same(configs[i]!.toJSON(), answers[i]!.made));
    console.log(`${cases.length} configurations, ${differing.length} differ`);
    expect(differing.slice(0, 3)).toEqual([]);
  });

  it("are read by transformers as they were written here, whole and by part", () => {
    cases.forEach((item, i) => {
      const { made, read, parts } = answers[i]!;
      expect({ item, read: compared(read, made) }).toEqual({ item, read: relevantParts(made) });
      for (const [key, part] of Object.entries(parts)) {
        const whole = made[key] as ConfigJson;
        expect(compared(part, whole)).toEqual(relevantParts(whole));
      }
    });
  });

  it("are read here as transformers wrote them, whole and by part", async () => {
    for (const [i, item] of cases.entries()) {
      const written = join(folder, "python", String(i));
      const config = await classOf(item.class).fromPretrained(written);
      expect({ item, same: same(config.toJSON(), answers[i]!.made) }).toEqual({ item, same: true });
      if (!(config instanceof InstructBlipConfig)) continue;
      for (const part of [config.visionConfig, config.qformerConfig, config.textConfig]) {
        expect(await classOf(part.constructor.name).fromPretrained(written)).toEqual(part);
      }
    }
  });
});

/** Whether both have the same values, parts included, but for what only one side has. */
function same(ours: ConfigJson, theirs: ConfigJson): boolean {
  try {
    expect(compared(ours, theirs)).toEqual(relevantParts(theirs));
    return true;
  } catch (error) {
    console.log(String(error));
    return false;
  }
}

/** transformers 5 has no `position_embedding_type`, unless the dictionary had. */
function compared(ours: ConfigJson, theirs: ConfigJson): ConfigJson {
  const { position_embedding_type, ...others } = ours;
  const type = "position_embedding_type" in theirs ? { position_embedding_type } : {};
  const parts = PARTS.filter((key) => key in others).map((key) => [
    key,
    compared(others[key] as ConfigJson, theirs[key] as ConfigJson),
  ]);
  return { ...relevant(others), ...type, ...Object.fromEntries(parts) };
}

function relevantParts(theirs: ConfigJson): ConfigJson {
  const parts = PARTS.filter((key) => key in theirs).map((key) => [
    key,
    relevantParts(theirs[key] as ConfigJson),
  ]);
  return { ...relevant(theirs), ...Object.fromEntries(parts) };
}

function relevant(json: unknown): ConfigJson {
  const entries = Object.entries(json as ConfigJson).filter(([key]) => !NOT_OURS.includes(key));
  return Object.fromEntries(entries);
}
