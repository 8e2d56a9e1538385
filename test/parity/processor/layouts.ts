/** A `tokenizer.json`, as far as it is rewritten here. */
interface Layout {
  normalizer: unknown;
  pre_tokenizer: unknown;
  decoder: unknown;
  added_tokens: { content: string; normalized: boolean }[];
}

/**
 * The same tokenizers in the layouts that other versions of transformers wrote, above all those of the
 * published checkpoints.
 */
export function otherLayouts(t5: string, llama: string): Record<string, string> {
  const rewrite = (json: string, change: (layout: Layout) => void) => {
    const layout: Layout = JSON.parse(json);
    change(layout);
    return JSON.stringify(layout);
  };
  const spaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
  const prepend = { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, spaces] };
  return {
    "llama with a normaliser instead of a pre-tokenizer": rewrite(llama, (layout) => {
      layout.normalizer = prepend;
      layout.pre_tokenizer = null;
    }),
    "llama with a space in front of every section": rewrite(llama, (layout) => {
      layout.pre_tokenizer = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
    }),
    "t5 with runs of spaces joined": rewrite(t5, (layout) => {
      const strip = { type: "Strip", strip_left: false, strip_right: true };
      const join = { type: "Replace", pattern: { Regex: " {2,}" }, content: "▁" };
      layout.normalizer = { type: "Sequence", normalizers: [layout.normalizer, strip, join] };
      layout.pre_tokenizer = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
    }),
    "t5 with the first kind of metaspace": rewrite(t5, (layout) => {
      const metaspace = { type: "Metaspace", replacement: "▁", add_prefix_space: true };
      layout.pre_tokenizer = { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, metaspace] };
      layout.decoder = metaspace;
    }),
    "t5 with a decoder that keeps the first mark": rewrite(t5, (layout) => {
      layout.decoder = { type: "Metaspace", replacement: "▁", prepend_scheme: "never", split: true };
    }),
    "t5 without a decoder": rewrite(t5, (layout) => {
      layout.decoder = null;
    }),
  };
}
