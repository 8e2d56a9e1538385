import { rm } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { InstructBlipError } from "../errors/index.ts";
import { createLogger } from "../pool/logger.ts";
import {
  assertPrivate,
  createSocketFolder,
  ipcEndpoint,
  removeSocketFolder,
} from "../pool/transport/runtime-folder.ts";
import type { WorkerPool } from "../pool/worker-pool.ts";
import { FrontServer } from "./front-server.ts";
import { announce, DEFAULT_NAME, withdraw } from "./runtime-file.ts";

export interface ServeOptions {
  /** What clients call it. @default "default" */
  readonly name?: string;
  /** Where to listen: an `ipc://` path in a folder of mode 0700. @default a new socket in the runtime folder */
  readonly endpoint?: string;
  /** A client asked for the end. */
  readonly onStop?: () => void;
}

/** A pool that other processes may use. */
export interface Served extends AsyncDisposable {
  readonly name: string;
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
 * await using pool = await WorkerPool.start();
 * await using served = await servePool(pool, { name: "pictures" });
 * // elsewhere: await WorkerPool.connect({ name: "pictures" })
 * @throws ADDRESS_IN_USE when another daemon has the name
 */
export async function servePool(pool: WorkerPool, options: ServeOptions = {}): Promise<Served> {
  const name = options.name ?? DEFAULT_NAME;
  const { endpoint, cleanUp } =
    options.endpoint === undefined ? await ownEndpoint() : await givenEndpoint(options.endpoint);
  const { key } = await announce(name, endpoint);
  try {
    const server = await FrontServer.open(pool, {
      endpoint,
      key,
      poolEpoch: pool.epoch,
      logger: createLogger(undefined),
      onStop: options.onStop ?? (() => {}),
    });
    let closing: Promise<void> | undefined;
    const close = () => {
      closing ??= (async () => {
        await withdraw(name);
        await server.close("The daemon ends.");
        await cleanUp();
      })();
      return closing;
    };
    const refuseNew = async (work: () => Promise<void>) => {
      await withdraw(name);
      await work();
    };
    return { name, endpoint, refuseNew, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await withdraw(name);
    await cleanUp();
    throw error;
  }
}

interface Endpoint {
  readonly endpoint: string;
  readonly cleanUp: () => Promise<void>;
}

async function ownEndpoint(): Promise<Endpoint> {
  const folder = await createSocketFolder();
  return { endpoint: ipcEndpoint(folder, "front"), cleanUp: () => removeSocketFolder(folder) };
}

/** Binding takes a socket file from its owner without a word, so the file must not have one. */
async function givenEndpoint(endpoint: string): Promise<Endpoint> {
  if (!endpoint.startsWith("ipc:///")) {
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      `\`endpoint\` must be an ipc:// path such as ipc:///run/user/1000/instructblip/front, but "${endpoint}" was given.`,
      { path: "endpoint" },
    );
  }
  const file = endpoint.slice("ipc://".length);
  await assertPrivate(path.dirname(file));
  if (await isListening(file)) {
    throw new InstructBlipError(
      "ADDRESS_IN_USE",
      `Another process listens on ${endpoint}. Choose another --endpoint.`,
    );
  }
  return { endpoint, cleanUp: () => rm(file, { force: true }) };
}

async function isListening(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
