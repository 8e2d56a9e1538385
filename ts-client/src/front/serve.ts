import { createLogger, type Logger, type LogLevel } from "../pool/logger.ts";
import type { WorkerPool } from "../pool/worker-pool.ts";
import { claimEndpoint } from "./endpoint.ts";
import { FrontServer } from "./front-server.ts";
import { announce, DEFAULT_NAME, withdraw } from "./runtime-file.ts";

/** How a pool is shared with other processes. */
export interface ServeOptions {
  /** What clients call it. @default "default" */
  readonly name?: string;
  /** Where to listen: an `ipc://` path in a folder of mode 0700. @default a new socket in the runtime folder */
  readonly endpoint?: string;
  /** A client asked for the end. */
  readonly onStop?: () => void;
  /** How much is logged. @default "warn", or the environment's `INSTRUCTBLIP_WORKERS_LOG` */
  readonly logLevel?: LogLevel;
  /** Where log lines go. @default stderr */
  readonly logger?: Logger;
}

/** How long the readers of streams may take once the work is done. @unit milliseconds */
const SETTLE_MS = 5000;

/** A pool that other processes may use. */
export interface Served extends AsyncDisposable {
  /** What clients call it. */
  readonly name: string;
  /** Where it listens: an `ipc://` path. */
  readonly endpoint: string;
  /** Is found by no new client while `work` runs; those that are connected stay. */
  refuseNew(work: () => Promise<void>): Promise<void>;
  /** Takes no more clients; the pool itself stays. */
  close(): Promise<void>;
}

/**
 * Lets other processes of this user use a pool: they find it by name.
 *
 * @example
 * await using served = await servePool(pool, { name: "pictures" });
 * // Mostly in another process:
 * await using client = await WorkerPool.connect({ name: "pictures" });
 * console.log((await client.ask({ image, prompt: "What color is the circle?" })).text); // red
 * @throws ADDRESS_IN_USE when another daemon has the name
 */
export async function servePool(pool: WorkerPool, options: ServeOptions = {}): Promise<Served> {
  const { name = DEFAULT_NAME, onStop = () => {} } = options;
  const logger = createLogger(options.logLevel, options.logger);
  const { endpoint, bind, release } = await claimEndpoint(options.endpoint);
  const entry = await announce(name, endpoint).catch(async (error) => {
    await release();
    throw error;
  });
  const facts = { endpoint, key: entry.key, poolEpoch: pool.epoch, logger, onStop };
  const server = await bind(() => FrontServer.open(pool, facts)).catch(async (error) => {
    await withdraw(entry);
    await release();
    throw error;
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= (async () => {
      await withdraw(entry);
      await server.close("The daemon ends.");
      await release();
    })();
    return closing;
  };
  const refuseNew = async (work: () => Promise<void>) => {
    await withdraw(entry);
    await work();
    await server.settled(SETTLE_MS);
  };
  return { name, endpoint, refuseNew, close, [Symbol.asyncDispose]: close };
}
