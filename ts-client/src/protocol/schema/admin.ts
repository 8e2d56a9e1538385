import { z } from "zod";
import { count, errorCode, longText, text } from "./common.ts";

/** What a client asks of the pool itself; all but `models` and `stats` need the admin role. */
export const admin = z.object({
  id: count.describe("comes back in the reply"),
  action: z.enum(["models", "stats", "load", "unload", "drain", "stop"]),
  args: text(32768).optional().describe("JSON text of the action's arguments"),
});

/** The pool's answer. */
export const adminReply = z.object({
  id: count,
  result: text(65000).optional().describe("JSON text of the action's result; absent when it failed"),
  code: errorCode.optional().describe("present when it failed"),
  message: longText.optional(),
});
