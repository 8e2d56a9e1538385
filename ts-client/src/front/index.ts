export {
  assertNameFree,
  DEFAULT_NAME,
  daemonNames,
  isAlive,
  type RuntimeFile,
  readRuntimeFile,
} from "./runtime-file.ts";
export { type Served, type ServeOptions, servePool } from "./serve.ts";
