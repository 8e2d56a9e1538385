import { stripVTControlCharacters } from "node:util";
import { invalidArgument } from "../errors/index.ts";

/** Where log lines go; `console`, pino, winston and consola fit. */
export interface Logger {
  /** Every step, for those who look for a fault. */
  debug(message: string): void;
  /** What goes as it should. */
  info(message: string): void;
  /** What went wrong and was mended: a worker that died, a request that is tried again. */
  warn(message: string): void;
  /** What somebody has to mend. */
  error(message: string): void;
}

export const LOG_LEVELS = ["off", "error", "warn", "info", "debug"] as const;
/** How much is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

const LONGEST_LINE = 8 * 1024;

/**
 * A logger that passes on what the level allows.
 *
 * Control characters are made visible and long lines are cut: some lines come from other processes.
 *
 * @param level - default: the environment's `INSTRUCTBLIP_WORKERS_LOG`, or `warn`
 * @param sink - default: stderr through `console.error`
 */
export function createLogger(level: LogLevel | undefined, sink: Logger = STDERR): Logger {
  const chosen = level ?? levelFromEnvironment() ?? "warn";
  const rank = LOG_LEVELS.indexOf(chosen);
  if (rank < 0) throw invalidArgument("logLevel", `one of ${LOG_LEVELS.join(", ")}`, level);
  const at = (name: Exclude<LogLevel, "off">) => {
    if (LOG_LEVELS.indexOf(name) > rank) return () => {};
    return (message: string) => {
      try {
        sink[name](clean(message));
      } catch {
        // A logger that throws must not disturb the pool.
      }
    };
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Shows control characters instead of obeying them. */
export function clean(message: string): string {
  const plain = stripVTControlCharacters(message)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    });
  return plain.length <= LONGEST_LINE ? plain : `${plain.slice(0, LONGEST_LINE)}…`;
}

function levelFromEnvironment(): LogLevel | undefined {
  const value = process.env.INSTRUCTBLIP_WORKERS_LOG;
  if (value === undefined || value === "") return undefined;
  const level = LOG_LEVELS.find((each) => each === value.toLowerCase());
  if (level === undefined)
    throw invalidArgument("INSTRUCTBLIP_WORKERS_LOG", `one of ${LOG_LEVELS.join(", ")}`, value);
  return level;
}

const STDERR: Logger = {
  debug: (message) => console.error(`instructblip-workers debug: ${message}`),
  info: (message) => console.error(`instructblip-workers: ${message}`),
  warn: (message) => console.error(`instructblip-workers warning: ${message}`),
  error: (message) => console.error(`instructblip-workers error: ${message}`),
};
