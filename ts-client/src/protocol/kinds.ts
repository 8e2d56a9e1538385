/** The sockets of the protocol: three to every worker, one to every client of a shared pool. */
export type Channel = "control" | "data" | "echo" | "front";

/** Who sends a message. */
export type Sender = "pool" | "worker" | "client";

interface KindFacts {
  /** The byte in the preamble. */
  readonly code: number;
  readonly from: readonly Sender[];
  readonly on: readonly Channel[];
  readonly about: string;
}

/** Every message kind: its byte, who may send it and on which sockets. */
export const KINDS = {
  HELLO: {
    code: 0x01,
    from: ["worker", "client"],
    on: ["control", "data", "echo", "front"],
    about: "who dials in, and the proof that it may; the first message on each socket",
  },
  WELCOME: {
    code: 0x02,
    from: ["pool"],
    on: ["control", "front"],
    about: "the answer to HELLO: what both sides agree on",
  },
  LOAD: { code: 0x03, from: ["pool"], on: ["control"], about: "which model to load, and how" },
  PROGRESS: { code: 0x04, from: ["worker"], on: ["control"], about: "how far a load has come" },
  READY: { code: 0x05, from: ["worker"], on: ["control"], about: "the model is loaded; work may come" },
  BEAT: {
    code: 0x06,
    from: ["worker", "client", "pool"],
    on: ["control", "front"],
    about: "a sign of life and a report",
  },
  PING: {
    code: 0x07,
    from: ["pool"],
    on: ["echo"],
    about: "comes back as it went, without Python's interpreter",
  },
  SUBMIT: {
    code: 0x10,
    from: ["pool", "client"],
    on: ["data", "front"],
    about: "a batch of requests for one model",
  },
  ACCEPT: {
    code: 0x11,
    from: ["worker", "pool"],
    on: ["data", "front"],
    about: "the receiver has the requests and will settle them",
  },
  CHUNK: {
    code: 0x12,
    from: ["worker", "pool"],
    on: ["data", "front"],
    about: "new tokens of some requests",
  },
  RESULT: {
    code: 0x13,
    from: ["worker", "pool"],
    on: ["data", "front"],
    about: "the answer to a request; final",
  },
  ERROR: {
    code: 0x14,
    from: ["worker", "pool"],
    on: ["control", "data", "front"],
    about: "a failure; final when it names a request",
  },
  PART: {
    code: 0x15,
    from: ["worker", "pool"],
    on: ["data", "front"],
    about: "a piece of an output that is too large for the RESULT",
  },
  CANCEL: { code: 0x20, from: ["pool", "client"], on: ["control", "front"], about: "give the request up" },
  CREDIT: {
    code: 0x21,
    from: ["pool", "client"],
    on: ["control", "front"],
    about: "so many more CHUNKs and PARTs may be sent",
  },
  DRAIN: {
    code: 0x22,
    from: ["pool"],
    on: ["control"],
    about: "finish what is in hand, take nothing new, then leave",
  },
  GOODBYE: {
    code: 0x23,
    from: ["worker", "client", "pool"],
    on: ["control", "front"],
    about: "the sender leaves",
  },
  DISCONNECT: { code: 0x24, from: ["pool"], on: ["control", "front"], about: "the receiver has to leave" },
  NEED: {
    code: 0x30,
    from: ["worker", "pool"],
    on: ["data", "front"],
    about: "pictures whose bytes are wanted",
  },
  PUT: { code: 0x31, from: ["pool", "client"], on: ["data", "front"], about: "the bytes of one picture" },
  ASSETS: {
    code: 0x32,
    from: ["pool", "client"],
    on: ["data", "front"],
    about: "asks for the files a processor needs",
  },
  ASSETS_REPLY: {
    code: 0x33,
    from: ["worker", "pool"],
    on: ["data", "front"],
    about: "the files a processor needs",
  },
  ADMIN: { code: 0x34, from: ["client"], on: ["front"], about: "what a client asks of the pool itself" },
  ADMIN_REPLY: { code: 0x35, from: ["pool"], on: ["front"], about: "the pool's answer" },
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
