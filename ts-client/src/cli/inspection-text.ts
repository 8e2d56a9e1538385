import type { Inspection } from "../python/index.ts";
import { columns } from "./columns.ts";
import { formatBytes } from "./output.ts";

const NAMES: Readonly<Record<string, string>> = { t5: "T5", llama: "LLaMA", opt: "OPT" };

/** An inspection for people: the parts, what it comes to, and where which precision fits. */
export function describeInspection(model: string, inspection: Inspection): string {
  return [
    `${model}: InstructBLIP with ${NAMES[inspection.languageModel] ?? inspection.languageModel}, ${millions(inspection.parameters)} parameters`,
    "",
    ...parts(inspection),
    "",
    ...sum(inspection),
    "",
    ...precisions(inspection),
  ].join("\n");
}

function parts({ parts, parameters, weightBytes }: Inspection): string[] {
  const rows = parts.map((part) => [
    part.name,
    part.layers === null ? "" : String(part.layers),
    part.parameters === 0 ? "tied" : millions(part.parameters),
    part.parameters === 0 ? "" : formatBytes(part.bytes),
    Object.entries(part.forms)
      .map(([form, bytes]) => (bytes === part.bytes ? form : `${form} ${formatBytes(bytes)}`))
      .join(", "),
  ]);
  return columns(
    [
      ["part", "layers", "parameters", "bytes", "stored as"],
      ...rows,
      ["all", "", millions(parameters), formatBytes(weightBytes), ""],
    ],
    [1, 2, 3],
  );
}

function sum({ cache, ...inspection }: Inspection): string[] {
  const { device, weightBytes, workingBytes, neededBytes, slots } = inspection;
  const { promptTokenBytes, newTokenBytes, promptTokens, newTokens, rowBytes } = cache;
  const token =
    inspection.languageModel === "t5"
      ? `${formatBytes(newTokenBytes)} a token and row, and ${formatBytes(promptTokenBytes)} a token of the prompt`
      : `${formatBytes(newTokenBytes)} a token and row`;
  const rows = [
    ["weights", formatBytes(weightBytes), ""],
    ["computing", formatBytes(workingBytes), "about, at its height"],
    [
      "a row's cache",
      formatBytes(rowBytes),
      `keys and values of ${promptTokens} + ${newTokens} tokens; ${token}`,
    ],
    ["at least", formatBytes(neededBytes), "a load is refused where less is free"],
    [`with ${slots} rows`, formatBytes(neededBytes + (slots - 1) * rowBytes), ""],
  ];
  return [`In ${precision(inspection)} on ${device}:`, ...columns(rows, [1])];
}

function precisions({ precisions, machine }: Inspection): string[] {
  const devices = machine.map(
    ({ device, freeMemoryBytes }) => `${device} (${formatBytes(freeMemoryBytes)} free)`,
  );
  const rows = precisions.map(({ weightBytes, neededBytes, devices, ...kind }) => [
    precision(kind),
    weightBytes === null ? "" : formatBytes(weightBytes),
    neededBytes === null ? "" : formatBytes(neededBytes),
    ...devices.map(({ fits, rows, reason }) =>
      fits ? `fits, up to ${rows} rows` : reason === null ? "does not fit" : `not there: ${reason}`,
    ),
  ]);
  return columns([["precision", "weights", "at least", ...devices], ...rows], [1, 2]);
}

function precision({ dtype, quantization }: { dtype: string; quantization: string }): string {
  return quantization === "none" ? dtype : `${dtype}, ${quantization}`;
}

function millions(parameters: number): string {
  return `${(parameters / 1e6).toFixed(parameters < 1e8 ? 2 : 1)} M`;
}
