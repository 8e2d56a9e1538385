"""Say what this interpreter is, as one line of JSON.

Any Python may run it, however old, so that the answer can be "too old" and not a syntax error.
"""

import json
import platform
import sys


def importable(name):
    try:
        __import__(name)
    except Exception:
        return False
    return True


print(
    json.dumps(
        {
            "executable": sys.executable,
            "version": list(sys.version_info[:3]),
            "implementation": platform.python_implementation(),
            # Debian ships `venv` without the `ensurepip` that puts pip into the new environment.
            "venv": importable("venv") and importable("ensurepip"),
        }
    )
)
