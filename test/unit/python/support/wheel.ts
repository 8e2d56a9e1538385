import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RequirementFiles } from "../../../../ts-client/src/python/requirements.ts";

const WRITE_WHEEL = `
import base64, hashlib, sys, zipfile
folder, name, version, source = sys.argv[1:]
info = f"{name}-{version}.dist-info"
files = {
    f"{name}.py": source,
    f"{info}/METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
    f"{info}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
record = ""
for path, text in files.items():
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    record += f"{path},sha256={digest},{len(text.encode())}\\n"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
    wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\\n")
`;

/** Writes a wheel with one module into a folder that pip can find it in. */
export function writeWheel(folder: string, name: string, version: string, source: string): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("python3", ["-c", WRITE_WHEEL, folder, name, version, source]);
}

/** Writes a requirements file for a worker and one for its tests. */
export function writeRequirements(folder: string, runtime: string, dev: string): RequirementFiles {
  const files = { runtime: join(folder, "requirements.txt"), dev: join(folder, "requirements-dev.txt") };
  writeFileSync(files.runtime, `${runtime}\n`);
  writeFileSync(files.dev, `-r requirements.txt\n${dev}\n`);
  return files;
}
