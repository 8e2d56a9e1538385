export type { ConnectOptions } from "./find-daemon.ts";
export { PoolClient } from "./pool-client.ts";
