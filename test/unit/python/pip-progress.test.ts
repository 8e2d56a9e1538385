import { describe, expect, it } from "vitest";
import { pipProgressReader } from "../../../ts-client/src/python/pip-progress.ts";

function readAll(output: string) {
  const read = pipProgressReader();
  return output.split("\n").flatMap((line) => read(line) ?? []);
}

describe("pipProgressReader", () => {
  it("follows an installation from the index", () => {
    const stages = readAll(
      [
        "Looking in indexes: https://index.example/simple",
        "Collecting torch==2.13.0 (from -r requirements.txt (line 4))",
        "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (30 kB)",
        "Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (899.8 MB)",
        "Using cached numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl (16.9 MB)",
        "Processing /wheels/pillow-13.0.0-cp311-cp311-linux_x86_64.whl (from -r requirements.txt (line 12))",
        "Installing collected packages: numpy, torch",
        "Successfully installed numpy-2.4.6 torch-2.13.0",
      ].join("\n"),
    );
    expect(stages).toEqual([
      { stage: "resolve", message: "Resolving torch", package: "torch" },
      { stage: "download", message: "Fetching torch (899.8 MB)", package: "torch" },
      { stage: "download", message: "Fetching numpy (16.9 MB)", package: "numpy" },
      { stage: "download", message: "Fetching pillow", package: "pillow" },
      { stage: "install", message: "Installing 2 packages", done: 0, total: 2 },
    ]);
  });

  it("says which package the bytes belong to", () => {
    const progress = readAll(
      "Downloading torch-2.13.0-py3-none-any.whl (899.8 MB)\nProgress 449900000 of 899800000",
    );
    expect(progress.at(-1)).toEqual({
      stage: "download",
      message: "Fetching torch: 50 % of 900 MB",
      package: "torch",
      done: 449_900_000,
      total: 899_800_000,
    });
  });

  it("says that the index does not answer, without pip's inner words", () => {
    const line =
      "WARNING: Retrying (Retry(total=3, connect=None)) after connection broken by 'NewConnectionError(...)': /simple/torch/";
    expect(readAll(line)).toEqual([
      { stage: "download", message: "pip cannot reach its index; 3 more tries after this one" },
    ]);
  });
});
