"""The Python worker of instructblip-workers: one process, one model, told what to do over ZeroMQ."""
