"""Builds the bundled checkpoints: a world of shapes, its questions, and two small InstructBLIP models."""
