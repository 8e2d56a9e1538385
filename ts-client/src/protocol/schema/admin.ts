import { z } from "zod";
import { count, errorCode, longText } from "./common.ts";

/** What a client asks of the pool itself; all but `models` and `stats` need the admin role. */
export const admin = z.looseObject({
  id: count,
  action: z.enum(["models", "stats", "load", "unload", "drain", "stop"]),
  /** JSON text of the action's arguments. */
  args: z.string().max(32768).optional(),
});

export const adminReply = z.looseObject({
  id: count,
  /** JSON text of the action's result; absent when it failed. */
  result: z.string().max(65000).optional(),
  code: errorCode.optional(),
  message: longText.optional(),
});
