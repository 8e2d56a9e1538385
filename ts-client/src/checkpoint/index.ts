export { bundledCheckpoints } from "./bundled.ts";
export { jsonText, markNumber, readJson, unmark, writeFolder } from "./json-files.ts";
export {
  type CheckpointFiles,
  type CheckpointOptions,
  type CheckpointSource,
  readCheckpoint,
} from "./read-checkpoint.ts";
export { type AssetsSource, servedAssets } from "./served-assets.ts";
