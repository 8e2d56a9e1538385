import type { z } from "zod";
import type { KindName } from "../kinds.ts";
import { admin, adminReply } from "./admin.ts";
import { beat, disconnect, drain, goodbye, hello, ping, progress, welcome } from "./connection.ts";
import { assets, assetsReply, load, ready } from "./deployment.ts";
import { accept, cancel, chunk, credit, error, need, part, put, result, submit } from "./request.ts";

/** The header schema of every message kind. */
export const HEADER_SCHEMAS = {
  HELLO: hello,
  WELCOME: welcome,
  LOAD: load,
  PROGRESS: progress,
  READY: ready,
  BEAT: beat,
  PING: ping,
  SUBMIT: submit,
  ACCEPT: accept,
  CHUNK: chunk,
  PART: part,
  RESULT: result,
  ERROR: error,
  CANCEL: cancel,
  CREDIT: credit,
  DRAIN: drain,
  GOODBYE: goodbye,
  DISCONNECT: disconnect,
  NEED: need,
  PUT: put,
  ASSETS: assets,
  ASSETS_REPLY: assetsReply,
  ADMIN: admin,
  ADMIN_REPLY: adminReply,
} as const satisfies Record<KindName, z.ZodType>;

/** The header of a message kind. */
export type HeaderOf<K extends KindName> = z.infer<(typeof HEADER_SCHEMAS)[K]>;
