import type { Problem } from "./problems.ts";

/** How many of pip's last lines an error shows. */
const SHOWN_LINES = 12;

const DISK = /No space left on device|\[Errno 28\]|Disk quota exceeded|\[WinError 112\]/i;
const DENIED = /Permission denied|\[Errno 13\]|Read-only file system|\[Errno 30\]/i;
const NETWORK =
  /Failed to establish a new connection|NewConnectionError|NameResolutionError|Name or service not known|Temporary failure in name resolution|Network is unreachable|Connection refused|Connection reset by peer|ConnectTimeoutError|ReadTimeoutError|Read timed out|Cannot connect to proxy|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|IncompleteRead/i;
const UNRESOLVED = /No matching distribution found for (\S+)/;
const CONFLICT = /ResolutionImpossible|Cannot install .* because these package versions have conflicting/;

/** What a failed pip (or venv) run means, read from its output. */
export function pipFailure(lines: readonly string[], context: { directory: string; log: string }): Problem {
  const output = lines.join("\n");
  const excerpt = `It ended with:\n${indent(lines.slice(-SHOWN_LINES))}\nThe whole output is in ${context.log}.`;
  if (DISK.test(output)) return diskProblem(`The disk filled up while building ${context.directory}.`);
  if (DENIED.test(output)) return deniedProblem(context.directory, excerpt);
  if (NETWORK.test(output)) {
    return {
      code: "NETWORK",
      severity: "error",
      message: "pip could not reach its package index.",
      remedy: `Check the network, the proxy (HTTPS_PROXY) and pip's settings (\`pip config list\`), then run the set-up again: it goes on from here. ${excerpt}`,
    };
  }
  const unresolved = UNRESOLVED.exec(output)?.[1];
  if (unresolved !== undefined || CONFLICT.test(output)) {
    return {
      code: "PACKAGE_NOT_FOUND",
      severity: "error",
      message: `pip found no installable ${unresolved ?? "set of packages"} for this Python and platform.`,
      remedy: `Try another Python (--python), another build of torch (--torch cpu), or check which indexes pip uses (\`pip config list\`). ${excerpt}`,
    };
  }
  return {
    code: "PIP_FAILED",
    severity: "error",
    message: "pip could not install the worker's packages.",
    remedy: excerpt,
  };
}

/** Not enough room, before or during a set-up. */
export function diskProblem(message: string): Problem {
  return {
    code: "DISK_FULL",
    severity: "error",
    message,
    remedy:
      "Make room there and in the temporary folder (TMPDIR), or choose another disk with --cache-dir, then run the set-up again: it goes on from where it stopped.",
  };
}

/** A folder that this user may not write to. */
export function deniedProblem(directory: string, detail?: string): Problem {
  const remedy = "Give this user the right to write there, or choose another folder with --cache-dir.";
  return {
    code: "CACHE_NOT_WRITABLE",
    severity: "error",
    message: `Files under ${directory} cannot be written.`,
    remedy: detail === undefined ? remedy : `${remedy} ${detail}`,
  };
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
