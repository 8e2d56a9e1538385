import { describe, expect, it } from "vitest";
import { contentHash } from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";

describe("contentHash", () => {
  // Made with `printf 'u8:1x2x3\n\x10\x20\x30\x40\x50\x60' | sha256sum` and its like.
  it("is the SHA-256 of type, shape and bytes", () => {
    const picture = new Tensor("uint8", [1, 2, 3], Uint8Array.of(0x10, 0x20, 0x30, 0x40, 0x50, 0x60));
    expect(contentHash(picture)).toBe("d65d38b1c67a9d6b70fd41a51f7715cbd488920363ef19ef528a252e04bdc327");
    expect(contentHash(new Tensor("float32", [], Float32Array.of(1.5)))).toBe(
      "202e7b466b8f930230d5f77ebaae2262f53d0b819be4ae9c3e295beccb6ba271",
    );
  });

  it("tells shapes and types apart", () => {
    const bytes = new Uint8Array(6);
    const hashes = [
      contentHash(new Tensor("uint8", [1, 2, 3], bytes)),
      contentHash(new Tensor("uint8", [2, 1, 3], bytes)),
      contentHash(new Tensor("bool", [1, 2, 3], bytes)),
    ];
    expect(new Set(hashes).size).toBe(3);
  });
});
