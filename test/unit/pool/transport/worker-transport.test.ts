import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Dealer } from "zeromq";
import {
  type WorkerEndpoints,
  WorkerTransport,
} from "../../../../ts-client/src/pool/transport/worker-transport.ts";
import { decodeMessage, encodeMessage } from "../../../../ts-client/src/protocol/index.ts";
import { until } from "../../../support/processes.ts";

type Channel = "control" | "data" | "echo";
const CHANNELS: readonly Channel[] = ["control", "data", "echo"];
const TOKEN = "a".repeat(64);

let base = "";
let transport: WorkerTransport;
let endpoints: WorkerEndpoints;
let connected: string[] = [];
let received: string[] = [];
let breaches: string[] = [];
let logged: string[] = [];
let onMessage: (kind: string) => void = () => {};
const dealers: Dealer[] = [];

beforeEach(async () => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  [connected, received, breaches, logged] = [[], [], [], []];
  onMessage = () => {};
  const log = (line: string) => logged.push(line);
  transport = await WorkerTransport.open(
    {
      onConnected: (workerId) => connected.push(workerId),
      onMessage: (_, { kind }) => {
        received.push(kind);
        onMessage(kind);
      },
      onBreach: (workerId, reason) => breaches.push(`${workerId}: ${reason}`),
    },
    { debug: log, info: log, warn: log, error: log },
  );
  endpoints = await transport.endpoints();
});

afterEach(async () => {
  for (const dealer of dealers.splice(0)) dealer.close();
  await transport.close();
  expect(readdirSync(path.join(base, "instructblip-workers"))).toEqual([]);
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

function dial(channel: Channel): Dealer {
  const dealer = new Dealer({ linger: 0, receiveTimeout: 5000 });
  dealer.connect(endpoints[channel]);
  dealers.push(dealer);
  return dealer;
}

function hello(channel: Channel, fields: object = {}): Buffer[] {
  const header = {
    role: "worker" as const,
    channel,
    peer_id: "worker-0.1",
    token: TOKEN,
    minors: { min: 0, max: 0 },
    features: [],
    schema_hash: "",
    pid: 1,
  };
  return encodeMessage("HELLO", { ...header, ...fields }) as Buffer[];
}

async function connectAll(): Promise<Record<Channel, Dealer>> {
  transport.expect("worker-0.1", TOKEN);
  const sockets = { control: dial("control"), data: dial("data"), echo: dial("echo") };
  for (const channel of CHANNELS) await sockets[channel].send(hello(channel));
  await until(() => connected.length === 1, "the worker is connected");
  return sockets;
}

const beat = () => encodeMessage("BEAT", { seq: 1 }) as Buffer[];

describe("the workers' transport", () => {
  test("knows a worker once all three sockets have shown its token, and carries messages both ways", async () => {
    const { control } = await connectAll();
    await control.send(beat());
    await until(() => received.length === 1, "the beat");
    transport.send("worker-0.1", "control", "CANCEL", {
      request_id: "00000000-0000-4000-8000-000000000000",
      attempt: 1,
      reason: "CANCELLED",
    });
    expect(decodeMessage(await control.receive())?.kind).toBe("CANCEL");
  });

  test.each([
    ["a wrong token", "control", { token: "b".repeat(64) }],
    ["an unknown worker", "control", { peer_id: "worker-0.2" }],
    ["another socket's channel", "control", { channel: "data" }],
    ["a client's role", "control", { role: "client" }],
  ] as const)("refuses a HELLO with %s, and what comes after it", async (_, channel, fields) => {
    transport.expect("worker-0.1", TOKEN);
    const stranger = dial(channel);
    await stranger.send(hello(channel, fields));
    await stranger.send(beat());
    await until(() => logged.length >= 2, "both are refused");
    expect(logged).toEqual([
      expect.stringContaining("refused"),
      expect.stringContaining("has not said HELLO"),
    ]);
    expect([connected, received, breaches]).toEqual([[], [], []]);
  });

  test("bytes that are no message are a worker's breach, and a stranger's nothing", async () => {
    const { data } = await connectAll();
    await data.send([Buffer.from("IBW?"), Buffer.from("x")]);
    await dial("data").send([Buffer.from("GET / HTTP/1.1")]);
    await until(() => breaches.length === 1 && logged.length === 1, "both");
    expect(breaches[0]).toMatch(/^worker-0.1: /);
    expect(logged[0]).toMatch(/stranger/);
  });

  test("a HELLO that comes twice on one connection changes nothing, one on a new connection is told", async () => {
    const { control } = await connectAll();
    await control.send(hello("control"));
    await control.send(beat());
    await until(() => received.length === 1, "the beat");
    expect(connected).toHaveLength(1);
    const again = dial("control");
    await again.send(hello("control"));
    await until(() => connected.length === 2, "the new connection");
    await control.send(beat());
    await until(() => logged.length > 0, "the old connection is a stranger's");
    expect(received).toHaveLength(1);
  });

  test("makes new sockets when the old ones' files are removed, and keeps who is connected", async () => {
    const { control } = await connectAll();
    rmSync(path.dirname(endpoints.control.slice("ipc://".length)), { recursive: true });
    const [one, two] = await Promise.all([transport.endpoints(), transport.endpoints()]);
    expect(one).toEqual(two);
    expect(one).not.toEqual(endpoints);
    endpoints = one;
    transport.expect("worker-1.2", "f".repeat(64));
    for (const channel of CHANNELS) {
      await dial(channel).send(hello(channel, { peer_id: "worker-1.2", token: "f".repeat(64) }));
    }
    await control.send(beat());
    await until(
      () => connected.length === 2 && received.length === 1,
      "the new worker and the old one's beat",
    );
  });

  test("what a forgotten worker still sends is dropped", async () => {
    const { control } = await connectAll();
    transport.forget("worker-0.1");
    await control.send(beat());
    await until(() => logged.length > 0, "the beat is dropped");
    expect(received).toEqual([]);
    transport.send("worker-0.1", "control", "PING", { seq: 1, worker_epoch: 1 });
  });

  test("a handler that throws does not make the socket deaf", async () => {
    const { control } = await connectAll();
    onMessage = () => {
      throw new Error("a defect");
    };
    await control.send(beat());
    await until(() => logged.length === 1, "the defect is logged");
    onMessage = () => {};
    await control.send(beat());
    await until(() => received.length === 2, "the next beat");
    expect(logged[0]).toContain("a defect");
  });

  test("what cannot be put into a message is the sender's error", async () => {
    await connectAll();
    const load = { script: "x".repeat(70_000) } as never;
    expect(() => transport.send("worker-0.1", "control", "LOAD", load)).toThrow(
      expect.objectContaining({ code: "PAYLOAD_TOO_LARGE" }),
    );
  });

  test("sending to a worker that is gone is no error", async () => {
    const { control } = await connectAll();
    control.close();
    await wait(50);
    for (let index = 0; index < 10; index += 1) {
      transport.send("worker-0.1", "control", "DRAIN", { deadline_ms: 1 });
    }
    await until(() => logged.some((line) => line.includes("was not sent")), "it is noticed");
    expect(breaches).toEqual([]);
  });
});
