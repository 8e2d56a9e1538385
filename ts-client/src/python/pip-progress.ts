import type { SetupProgress } from "./progress.ts";

/**
 * A reader of pip's output, one line at a time, that says what pip is doing. It holds the package being downloaded,
 * since the lines with the bytes (`--progress-bar raw`) do not name it.
 */
export function pipProgressReader(): (line: string) => SetupProgress | undefined {
  let downloading: string | undefined;
  return (line) => {
    const bytes = /^Progress (\d+) of (\d+)$/.exec(line.trim());
    if (bytes !== null) return downloadBytes(downloading, Number(bytes[1]), Number(bytes[2]));
    const progress = readLine(line);
    if (progress?.stage === "download") downloading = progress.package;
    return progress;
  };
}

const RETRYING = /^WARNING: Retrying \(Retry\(total=(\d+)/;
const COLLECTING = /^\s*Collecting ([A-Za-z0-9][\w.-]*)/;
const FETCHING =
  /^\s*(?:Downloading|Using cached|Processing) (\S+?)(?: \(([\d.]+ [kMG]?B)\))?(?: \(from .*\))?$/;
const BUILDING = /^\s*(?:Building wheel for|Preparing metadata|Installing build dependencies)\b/;
const INSTALLING = /^Installing collected packages: (.+)$/;

function readLine(line: string): SetupProgress | undefined {
  const retrying = RETRYING.exec(line);
  if (retrying !== null) {
    return {
      stage: "download",
      message: `pip cannot reach its index; ${retrying[1]} more tries after this one`,
    };
  }
  const collecting = COLLECTING.exec(line);
  if (collecting?.[1] !== undefined) {
    return { stage: "resolve", message: `Resolving ${collecting[1]}`, package: collecting[1] };
  }
  const fetching = FETCHING.exec(line);
  if (fetching?.[1] !== undefined) return fetched(fetching[1], fetching[2]);
  if (BUILDING.test(line)) return { stage: "build", message: line.trim() };
  const installing = INSTALLING.exec(line);
  if (installing?.[1] !== undefined) {
    const total = installing[1].split(", ").length;
    return {
      stage: "install",
      message: `Installing ${total === 1 ? "one package" : `${total} packages`}`,
      done: 0,
      total,
    };
  }
  return undefined;
}

/** A `.metadata` file is pip looking, not downloading. */
function fetched(address: string, size: string | undefined): SetupProgress | undefined {
  const file = decodeURIComponent(address.split("/").at(-1) ?? address);
  if (!/\.(whl|tar\.gz|zip)$/.test(file)) return undefined;
  const name = file.split("-")[0] ?? file;
  return {
    stage: "download",
    message: size === undefined ? `Fetching ${name}` : `Fetching ${name} (${size})`,
    package: name,
  };
}

function downloadBytes(name: string | undefined, done: number, total: number): SetupProgress {
  const percent = total > 0 ? Math.floor((100 * done) / total) : 0;
  const message = `Fetching ${name ?? "a package"}: ${percent} % of ${Math.ceil(total / 1e6)} MB`;
  return { stage: "download", message, done, total, ...(name === undefined ? {} : { package: name }) };
}
