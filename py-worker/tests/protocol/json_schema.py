"""Brings a JSON Schema to a form in which zod's and msgspec's can be compared."""

from __future__ import annotations

from typing import Any

# What says nothing about which values are right, or says it twice.
_ASIDE = {"$schema", "$id", "$defs", "title", "description", "default", "discriminator"}


def normalised(schema: Any, definitions: dict[str, Any] | None = None) -> Any:
    """``schema`` with references resolved, annotations dropped, and one spelling for what has several."""
    if not isinstance(schema, dict):
        return schema
    definitions = schema.get("$defs", definitions or {})
    if "$ref" in schema:
        return normalised(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    plain = {key: value for key, value in schema.items() if key not in _ASIDE}
    branches = plain.pop("anyOf", None) or plain.pop("oneOf", None)
    if branches is not None:
        # An optional field may be left out on both sides; nil is refused before any schema is asked.
        kept = [normalised(branch, definitions) for branch in branches if branch != {"type": "null"}]
        if len(kept) == 1:
            return kept[0]
        return {"anyOf": sorted(kept, key=str)}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if "enum" in plain:
        return {"enum": sorted(plain["enum"])}
    if plain.get("type") == "object" and "properties" in plain:
        return {
            "type": "object",
            "required": sorted(plain.get("required", [])),
            "properties": {
                name: normalised(field, definitions) for name, field in plain["properties"].items()
            },
        }
    for key in ("items", "additionalProperties"):
        if key in plain:
            plain[key] = normalised(plain[key], definitions)
    if "prefixItems" in plain:
        plain["prefixItems"] = [normalised(item, definitions) for item in plain["prefixItems"]]
    if "propertyNames" in plain:
        plain["propertyNames"] = {"maxLength": plain["propertyNames"]["maxLength"]}
    if "pattern" in plain:
        # In Python `$` also matches before a line feed at the end.
        plain["pattern"] = plain["pattern"].replace(r"\Z", "$")
    return plain
