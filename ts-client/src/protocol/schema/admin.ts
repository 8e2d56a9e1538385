import { z } from "zod";
import { count, errorCode, longText, text } from "./common.ts";

/** What a client asks of the pool itself; all but `models` and `stats` need the admin role. */
export const admin = z.object({
  id: count,
  action: z.enum(["models", "stats", "load", "unload", "drain", "stop"]),
  /** JSON text of the action's arguments. */
  args: text(32768).optional(),
});

export const adminReply = z.object({
  id: count,
  /** JSON text of the action's result; absent when it failed. */
  result: text(65000).optional(),
  code: errorCode.optional(),
  message: longText.optional(),
});
