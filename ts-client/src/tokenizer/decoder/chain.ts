import { configInvalid, type StepConfig } from "../tokenizer-json.ts";
import { ByteFallback } from "./byte-fallback.ts";
import { ByteLevel } from "./byte-level.ts";
import { cleanUp } from "./clean-up.ts";
import { type DecodeStep, EachToken } from "./step.ts";
import { StripStart, stripToken } from "./strip.ts";

/**
 * The steps of a `tokenizer.json`'s decoder, with the semantics of the Rust library. Without a decoder tokens
 * are joined by spaces. A chain holds state: make a new one for each text.
 */
export function decoderChain(config: StepConfig | null): DecodeStep[] {
  if (config === null) return [new EachToken((token, first) => (first ? token : ` ${token}`))];
  const steps = config.type === "Sequence" ? (config.decoders as readonly StepConfig[]) : [config];
  let fused = false;
  return steps.flatMap((step) => {
    if (step.type === "Fuse") {
      fused = true;
      return [];
    }
    return [decodeStep(step, fused)];
  });
}

function decodeStep(config: StepConfig, fused: boolean): DecodeStep {
  if (fused && config.type !== "Strip") throw configInvalid(`the decoder \`${config.type}\` after \`Fuse\``);
  switch (config.type) {
    case "Replace":
      return replace(config);
    case "ByteFallback":
      return new ByteFallback();
    case "ByteLevel":
      return new ByteLevel();
    case "Metaspace":
      return metaspace(config);
    case "WordPiece":
      return wordPiece(config);
    case "Strip":
      return strip(config, fused);
    default:
      throw configInvalid(`the decoder \`${config.type}\` is not supported`);
  }
}

function replace(config: StepConfig): DecodeStep {
  const pattern = (config.pattern as { String?: string } | undefined)?.String;
  if (pattern === undefined)
    throw configInvalid("the decoder `Replace` is supported for a plain string only");
  const content = String(config.content);
  return new EachToken((token) => token.replaceAll(pattern, () => content));
}

/** The first token loses its marks; in the others they are spaces. */
function metaspace(config: StepConfig): DecodeStep {
  const { replacement = "▁", prepend_scheme = "always" } = config;
  const dropsFirst = prepend_scheme !== "never";
  return new EachToken((token, first) =>
    token.replaceAll(String(replacement), first && dropsFirst ? "" : " "),
  );
}

function wordPiece(config: StepConfig): DecodeStep {
  const prefix = String(config.prefix ?? "##");
  const clean = config.cleanup === false ? (text: string) => text : cleanUp;
  return new EachToken((token, first) => {
    if (first) return clean(token);
    return clean(token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`);
  });
}

function strip(config: StepConfig, fused: boolean): DecodeStep {
  const content = String(config.content ?? " ");
  const start = Number(config.start ?? 0);
  const stop = Number(config.stop ?? 0);
  if (!fused) return new EachToken((token) => stripToken(token, content, start, stop));
  if (stop > 0) throw configInvalid("the decoder `Strip` is supported at the start of a text only");
  return new StripStart(content, start);
}
