/** The sockets of the protocol: three to every worker, one to every client of a shared pool. */
export type Channel = "control" | "data" | "echo" | "front";

/** Who sends a message. */
export type Sender = "pool" | "worker" | "client";

interface KindFacts {
  /** The byte in the preamble. */
  readonly code: number;
  readonly from: readonly Sender[];
  readonly on: readonly Channel[];
}

/** Every message kind: its byte, who may send it and on which sockets. */
export const KINDS = {
  HELLO: { code: 0x01, from: ["worker", "client"], on: ["control", "data", "echo", "front"] },
  WELCOME: { code: 0x02, from: ["pool"], on: ["control", "front"] },
  LOAD: { code: 0x03, from: ["pool"], on: ["control"] },
  PROGRESS: { code: 0x04, from: ["worker"], on: ["control"] },
  READY: { code: 0x05, from: ["worker"], on: ["control"] },
  BEAT: { code: 0x06, from: ["worker", "client", "pool"], on: ["control", "front"] },
  PING: { code: 0x07, from: ["pool"], on: ["echo"] },
  SUBMIT: { code: 0x10, from: ["pool", "client"], on: ["data", "front"] },
  ACCEPT: { code: 0x11, from: ["worker", "pool"], on: ["data", "front"] },
  CHUNK: { code: 0x12, from: ["worker", "pool"], on: ["data", "front"] },
  RESULT: { code: 0x13, from: ["worker", "pool"], on: ["data", "front"] },
  ERROR: { code: 0x14, from: ["worker", "pool"], on: ["control", "data", "front"] },
  CANCEL: { code: 0x20, from: ["pool", "client"], on: ["control", "front"] },
  CREDIT: { code: 0x21, from: ["pool", "client"], on: ["control", "front"] },
  DRAIN: { code: 0x22, from: ["pool"], on: ["control"] },
  GOODBYE: { code: 0x23, from: ["worker", "client", "pool"], on: ["control", "front"] },
  DISCONNECT: { code: 0x24, from: ["pool"], on: ["control", "front"] },
  NEED: { code: 0x30, from: ["worker", "pool"], on: ["data", "front"] },
  PUT: { code: 0x31, from: ["pool", "client"], on: ["data", "front"] },
  ASSETS: { code: 0x32, from: ["pool", "client"], on: ["data", "front"] },
  ASSETS_REPLY: { code: 0x33, from: ["worker", "pool"], on: ["data", "front"] },
  ADMIN: { code: 0x34, from: ["client"], on: ["front"] },
  ADMIN_REPLY: { code: 0x35, from: ["pool"], on: ["front"] },
} as const satisfies Record<string, KindFacts>;

/** The name of a message kind. */
export type KindName = keyof typeof KINDS;

const BY_CODE = new Map<number, KindName>(
  Object.entries(KINDS).map(([name, facts]) => [facts.code, name as KindName]),
);

/** The kind with that byte, or undefined. */
export function kindByCode(code: number): KindName | undefined {
  return BY_CODE.get(code);
}
