import { invalidArgument } from "../errors/index.ts";
import type { CallOptions } from "./request.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LONGEST_MS = 2 ** 40;

/**
 * Checks how a request is to be treated; its signal is checked where it is listened to.
 *
 * @throws INVALID_ARGUMENT naming the field
 */
export function checkCall(call: CallOptions): void {
  const { requestId } = call;
  if (requestId !== undefined && !(typeof requestId === "string" && UUID.test(requestId))) {
    throw invalidArgument("requestId", "a UUID in lower case", requestId);
  }
  checkDuration("deadlineMs", call.deadlineMs);
  checkDuration("queueTimeoutMs", call.queueTimeoutMs);
  checkDuration("runTimeoutMs", call.runTimeoutMs);
  checkInteger("priority", call.priority, -100, 100);
  checkInteger("maxRetries", call.maxRetries, 0, 16);
}

function checkDuration(path: string, value: number | undefined): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !(value >= 0 && value <= LONGEST_MS)) {
    throw invalidArgument(path, "a duration from 0 to 2^40 milliseconds", value);
  }
}

function checkInteger(path: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalidArgument(path, `an integer from ${least} to ${most}`, value);
  }
}
