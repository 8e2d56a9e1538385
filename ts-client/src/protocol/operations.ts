/** What a forward pass goes through. */
export const FORWARD_MODULES = ["model", "vision", "qformer", "image_features"] as const;

/** A module of a forward pass, as the wire names it. */
export type ForwardModule = (typeof FORWARD_MODULES)[number];

/** How READY names the operations that a worker knows. */
export const OPERATION_NAMES = {
  generate: "generate",
  rank: "rank",
  model: "forward",
  vision: "vision_forward",
  qformer: "qformer_forward",
  image_features: "image_features",
} as const satisfies Record<"generate" | "rank" | ForwardModule, string>;
