"""Runs Python examples, each on its own, and writes what became of them: null, or the error's text."""

import json
import sys
import traceback


def run(code: str) -> str | None:
    """What went wrong, if anything did."""
    try:
        exec(compile(code, "example", "exec"), {})
    except Exception:
        return traceback.format_exc()
    return None


if __name__ == "__main__":
    errors = [run(code) for code in json.loads(sys.argv[1])]
    sys.stdout.write("\n" + json.dumps(errors) + "\n")
