import { InstructBlipError } from "../errors/index.ts";
import { type ConfigConstructor, PretrainedConfig } from "./pretrained-config.ts";
import { fromDictionary, hasCamelCase } from "./read-fields.ts";

/**
 * A part of a model's configuration: as it is, from its fields, or from transformers' dictionary.
 *
 * @param path - the part's name, for error messages
 * @throws CONFIG_INVALID naming the part and the field
 */
export function readPart<C extends PretrainedConfig>(
  Class: ConfigConstructor<C>,
  value: unknown,
  path: string,
): C {
  if (value === undefined || value === null) return new Class();
  if (value instanceof Class) return value;
  if (typeof value !== "object" || Array.isArray(value) || value instanceof PretrainedConfig) {
    const given = value instanceof PretrainedConfig ? ` and not of ${value.modelType}` : "";
    throw new InstructBlipError(
      "CONFIG_INVALID",
      `\`${path}\` must be a configuration of ${Class.spec.modelType}, or an object of its fields${given}.`,
      { path },
    );
  }
  try {
    const fields = hasCamelCase(Class.spec, value) ? value : fromDictionary(Class.spec, value);
    return new Class(fields as never);
  } catch (error) {
    if (!InstructBlipError.isInstance(error)) throw error;
    const within = error.path === undefined ? path : `${path}.${error.path}`;
    throw new InstructBlipError(error.code, error.message, { path: within });
  }
}
