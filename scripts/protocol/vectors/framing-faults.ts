import { KINDS, LIMITS } from "../../../ts-client/src/protocol/index.ts";
import { HASH, IMAGE, REQUEST } from "./examples.ts";
import { pack } from "./msgpack.ts";
import { padTo, preamble, type RejectVector, reject } from "./vector.ts";

const BEAT = KINDS.BEAT.code;
const header = pack({ seq: 1 });
const right = preamble(BEAT);

/** The first frame of a BEAT with one byte replaced. */
function changed(at: number, value: number): Buffer {
  const frame = Buffer.from(right);
  frame[at] = value;
  return frame;
}

/** What is wrong before the header is looked into. */
export function framingFaults(): RejectVector[] {
  const first = (name: string, frame: Uint8Array, path: string) => reject(name, [frame, header], path);
  const picture = pack({ hash: HASH, tensor: 0, tensors: [{ dtype: "u8", shape: [1, 2, 3], bytes: 6 }] });
  const put = (tensors: number) => preamble(KINDS.PUT.code, tensors);
  const cancel = { request_id: REQUEST, attempt: 1, reason: "" };
  return [
    reject("no frames", [], "frames"),
    first("an empty preamble", Buffer.alloc(0), "preamble.magic"),
    first("a preamble of 7 bytes", right.subarray(0, 7), "preamble.magic"),
    first("a preamble of 9 bytes", Buffer.concat([right, Buffer.of(0)]), "preamble.magic"),
    first("another first letter", changed(0, 0x4a), "preamble.magic"),
    first("another second letter", changed(1, 0x62), "preamble.magic"),
    first("another third letter", changed(2, 0x58), "preamble.magic"),
    first("eight zeros", Buffer.alloc(8), "preamble.magic"),
    first("major version 0", changed(3, 0), "preamble.major"),
    first("major version 2", changed(3, 2), "preamble.major"),
    first("major version 255", changed(3, 255), "preamble.major"),
    first("kind 0x00", changed(4, 0x00), "preamble.kind"),
    first("kind 0x08", changed(4, 0x08), "preamble.kind"),
    first("kind 0x36", changed(4, 0x36), "preamble.kind"),
    first("kind 0xff", changed(4, 0xff), "preamble.kind"),
    first("a reserved flag", changed(5, 0x02), "preamble.reserved"),
    first("the highest flag", changed(5, 0x80), "preamble.reserved"),
    first("a reserved flag beside the ignorable one", changed(5, 0x03), "preamble.reserved"),
    first("a last byte that is not 0", changed(7, 1), "preamble.reserved"),
    first("an unknown kind to be ignored, but a reserved flag", preamble(0x7e, 0, 0x41), "preamble.reserved"),
    first(
      "an unknown kind to be ignored, but another major version",
      Buffer.from("494257027e010000", "hex"),
      "preamble.major",
    ),
    reject("no header", [right], "frames"),
    reject("a frame behind the header", [right, header, header], "frames"),
    reject("an empty frame behind the header", [right, header, Buffer.alloc(0)], "frames"),
    reject("tensors announced, none there", [put(1), picture], "frames"),
    reject("fewer tensors than announced", [put(2), picture, IMAGE.data], "frames"),
    reject("more tensors than announced", [put(1), picture, IMAGE.data, IMAGE.data], "frames"),
    reject("255 tensors announced", [put(255), picture, IMAGE.data], "frames"),
    reject("a tensor with a kind that has none", [preamble(BEAT, 1), header, IMAGE.data], "preamble.tensors"),
    reject("the two frames in the wrong order", [header, right], "preamble.magic"),
    reject(
      "a header of 16 KiB and a byte",
      [preamble(KINDS.CANCEL.code), padTo(LIMITS.headerBytes + 1, cancel)],
      "header",
    ),
    reject(
      "a header of 64 KiB and a byte",
      [right, padTo(LIMITS.largeHeaderBytes + 1, { seq: 1 })],
      "header",
    ),
  ];
}
