import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The checkout. */
export const ROOT = join(import.meta.dirname, "../../..");

/** Demo pictures by the names that examples give them. */
const PICTURES = {
  "photo.png": "three.png",
  "photo.jpg": "alone.jpg",
  "cat.jpg": "stars.jpg",
  "kitchen.jpg": "stars.jpg",
  "Confusing-Pictures.jpg": "alone.jpg",
} as const;

/** A folder like that of a program which uses the package: the checkout installed by links, and pictures. */
export interface Project extends Disposable {
  readonly folder: string;
  /** The environment of what runs in it. */
  readonly env: NodeJS.ProcessEnv;
}

/** @param python - the workers' interpreter */
export function createProject(python: string): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ibw-docs-")));
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  symlinkSync(ROOT, join(modules, "instructblip-workers"));
  symlinkSync(join(ROOT, "dist/cli/main.js"), join(modules, ".bin/instructblip-workers"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "private": true }\n');
  for (const [name, picture] of Object.entries(PICTURES)) {
    copyFileSync(join(ROOT, "examples/pictures", picture), join(folder, name));
  }
  const run = join(folder, "run");
  mkdirSync(run, { mode: 0o700 });
  return {
    folder,
    env: { ...process.env, XDG_RUNTIME_DIR: run, INSTRUCTBLIP_WORKERS_PYTHON: python, HF_HUB_OFFLINE: "1" },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
