import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { requireDiskSpace } from "../../../ts-client/src/python/disk-space.ts";
import { temporaryFolder } from "./support/workspace.ts";

vi.mock("node:fs/promises", async (original) => ({ ...(await original<object>()), statfs: vi.fn() }));

/** A folder that is yet to be made, on a disk with so much room. */
function folderWithFree(bytes: number): string {
  const blocks = { bavail: bytes / 4096, bsize: 4096 };
  vi.mocked(statfs).mockResolvedValue(blocks as Awaited<ReturnType<typeof statfs>>);
  return join(temporaryFolder(), "not", "there", "yet");
}

describe("requireDiskSpace", () => {
  beforeEach(() => vi.mocked(statfs).mockReset());

  it("is content with enough", async () => {
    await expect(requireDiskSpace(folderWithFree(2.5e9), "cpu")).resolves.toBeUndefined();
    await expect(requireDiskSpace(folderWithFree(9e9), "cu130")).resolves.toBeUndefined();
  });

  it.each([
    ["cpu", 1.2e9, "1.2 GB are free", "2.0 GB"],
    ["auto", 0, "0.0 GB are free", "2.0 GB"],
    ["cu130", 5e9, "5.0 GB are free", "8.0 GB"],
  ])("says what %s needs and what there is", async (torch, free, has, needs) => {
    const failure = requireDiskSpace(folderWithFree(free), torch);
    await expect(failure).rejects.toMatchObject({
      code: "ENVIRONMENT_FAILED",
      message: expect.stringMatching(new RegExp(`^${has}.* needs ${needs}.*--cache-dir`)),
    });
  });
});
