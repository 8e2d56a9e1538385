// Runs compiled examples one by one, in a process of their own; copied beside them.
import { basename } from "node:path";
import { loadImage } from "instructblip-workers";
import { clear, close } from "./fixtures.ts";

/** What became of an example. */
export type Outcome =
  | { readonly ok: true; readonly stdout: string }
  | { readonly ok: false; readonly error: string };

/** Examples fetch pictures; here they come from the folder, by their last name. */
globalThis.fetch = async (url) => new Response(await loadImage(basename(new URL(String(url)).pathname)));

const write = process.stdout.write.bind(process.stdout);

async function run(path: string): Promise<Outcome> {
  let stdout = "";
  process.stdout.write = (text: string | Uint8Array) => {
    stdout += String(text);
    return true;
  };
  try {
    const example = (await import(path)) as { run?(): Promise<void> };
    await example.run?.();
    await clear();
    return { ok: true, stdout };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    process.stdout.write = write;
  }
}

process.on("message", async (path: string) => {
  process.send?.(await run(path));
});
// The examples may have left something open; their parent has had all it wants.
process.once("disconnect", async () => {
  await close();
  process.exit();
});
process.send?.("ready");
