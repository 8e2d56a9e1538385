/*
 * Assembles the resize's WebAssembly kernel: `npm run kernel:build`.
 * With --check it only says whether the committed bytes are those of the source.
 */
import { readFile, writeFile } from "node:fs/promises";
import wabt from "wabt";

const folder = new URL("../ts-client/src/image/resample/", import.meta.url);
const target = new URL("across-wasm.ts", folder);

const { parseWat } = await wabt();
const source = await readFile(new URL("across.wat", folder), "utf8");
const { buffer } = parseWat("across.wat", source, { simd: true }).toBinary({});
const lines =
  Buffer.from(buffer)
    .toString("base64")
    .match(/.{1,100}/g) ?? [];
const text = `/** \`across.wat\`, assembled by \`npm run kernel:build\`. */
export const ACROSS_WASM = [
${lines.map((line) => `  "${line}",`).join("\n")}
].join("");
`;

if (!process.argv.includes("--check")) await writeFile(target, text);
else if ((await readFile(target, "utf8")) !== text) {
  console.error("across-wasm.ts is not what across.wat assembles to; run `npm run kernel:build`.");
  process.exitCode = 1;
}
