import type { CallOptions } from "../engine/index.ts";
import { invalidArgument } from "../errors/index.ts";
import { requestId } from "../protocol/schema/common.ts";
import { integer, type OptionRule, shaped } from "./option-rules.ts";

const milliseconds = integer({ min: 1, max: 2 ** 40 });

/** Every option of a call, with its values. */
export const CALL_OPTIONS = {
  requestId: shaped(
    "a UUID in lower case",
    "<uuid>",
    (value): value is string => requestId.safeParse(value).success,
  ),
  signal: shaped("an AbortSignal", "<signal>", (value): value is AbortSignal => value instanceof AbortSignal),
  deadlineMs: milliseconds,
  queueTimeoutMs: milliseconds,
  runTimeoutMs: milliseconds,
  priority: integer({ min: -100, max: 100 }),
  maxRetries: integer({ min: 0, max: 16 }),
} as const satisfies { readonly [K in keyof CallOptions]-?: OptionRule<NonNullable<CallOptions[K]>> };

/**
 * Takes the options of the call out of a request's fields.
 *
 * @throws INVALID_ARGUMENT naming the field
 */
export function takeCallOptions(fields: object): { call: CallOptions; rest: Record<string, unknown> } {
  const call: Record<string, unknown> = {};
  const rest: Record<string, unknown> = {};
  const rules: Readonly<Record<string, OptionRule<unknown>>> = CALL_OPTIONS;
  for (const [name, value] of Object.entries(fields)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) rest[name] = value;
    else if (value !== undefined) {
      if (!rule.accepts(value)) throw invalidArgument(name, rule.expected, value);
      call[name] = value;
    }
  }
  return { call, rest };
}
