import { describe, expect, test } from "vitest";
import { PictureCache } from "../../../ts-client/src/front/picture-cache.ts";
import { contentHash } from "../../../ts-client/src/protocol/index.ts";
import { Tensor } from "../../../ts-client/src/tensor/index.ts";
import { flatPicture } from "../../support/requests.ts";

describe("the picture cache", () => {
  test("keeps a copy: the message's memory is not its own", () => {
    const { hash, tensor } = flatPicture(7);
    const cache = new PictureCache();
    cache.add(hash, tensor);
    tensor.data.fill(0);
    expect(cache.get(hash)?.tensor.data[0]).toBe(7);
  });

  test("refuses a picture under another one's hash: everybody who asks for it would get the wrong one", () => {
    const cache = new PictureCache();
    const { hash } = flatPicture(1);
    expect(() => cache.add(hash, flatPicture(2).tensor)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path: "image.hash" }),
    );
    expect(cache.get(hash)).toBeUndefined();
  });

  test.each([
    new Tensor("uint8", [3, 8, 8], new Uint8Array(192)),
    new Tensor("uint8", [192], new Uint8Array(192)),
    new Tensor("float32", [8, 8, 3], new Float32Array(192)),
    new Tensor("int32", [8, 8, 3], new Int32Array(192)),
  ])("refuses what is no picture: $dtype $shape", (tensor) => {
    expect(() => new PictureCache().add(contentHash(tensor), tensor)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", path: "image" }),
    );
  });
});
