"""Measures stages, decoding, memory and fidelity on a GPU, for `scripts/gpu_check.py`."""
