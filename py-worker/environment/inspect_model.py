"""Say what a model would take, as one line of JSON: ``inspect_model.py QUESTION``.

Needs the worker's own environment; ``instructblip_worker/inspection.py`` has the question and the answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    # An isolated interpreter looks for modules beside no script.
    sys.path.insert(0, str(Path(__file__).parents[1]))

    from instructblip_worker.inspection import answer

    print(json.dumps(answer(sys.argv[1])))
