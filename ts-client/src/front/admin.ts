import { z } from "zod";
import type { DeploymentSpec, Engine } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { HeaderOf } from "../protocol/index.ts";

const named = z.object({ modelId: z.string() });
const graceful = z.object({ graceMs: z.number().min(0).optional() });

/** Does what a client asked of the pool itself, and gives what it is told. */
export async function runAdmin(
  engine: Engine,
  action: HeaderOf<"ADMIN">["action"],
  args: string | undefined,
  facts: { readonly clients: number },
): Promise<unknown> {
  switch (action) {
    case "models":
      return engine.models();
    case "stats":
      return { ...(await engine.stats()), clients: facts.clients };
    case "load":
      // The engine checks a deployment itself.
      return engine.load(read(z.looseObject({}), args) as DeploymentSpec);
    case "unload":
      return engine.unload(read(named, args).modelId);
    case "drain": {
      const { graceMs } = read(graceful, args);
      return engine.drain(graceMs === undefined ? {} : { graceMs });
    }
    case "stop":
      // The daemon drains and ends once the answer is on its way.
      return null;
  }
}

function read<T>(schema: z.ZodType<T>, args: string | undefined): T {
  let value: unknown;
  try {
    value = JSON.parse(args ?? "{}");
  } catch {
    value = undefined;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new InstructBlipError("INVALID_ARGUMENT", `\`args\` is wrong: ${issue?.message ?? "not JSON"}.`, {
    path: ["args", ...(issue?.path ?? [])].join("."),
  });
}
