"""A worker from its first message to its last."""

from __future__ import annotations

import os
import threading
import time
from typing import NoReturn

from . import exit_status, process
from .engine import Engine
from .errors import LoadError, WorkerError
from .failures import DeviceLost
from .launch import Launch
from .log import adopt_library_logs, hide, log, log_exception
from .protocol import Error, Load, Ready, ScriptedSource, clip_message
from .reporter import Reporter
from .session import Session
from .transport import Control, Data, start_echo


def run(launch: Launch) -> NoReturn:
    """Serve the pool that launched this process. The engine gets the main thread."""
    adopt_library_logs()
    # The hub's token: servers and libraries may repeat it in what they complain of.
    hide(os.environ.get("HF_TOKEN"))
    threading.excepthook = _die_of
    session = Session(launch)
    data = Data(session)
    control = Control(session, data, process.route_signals())
    start_echo(launch)
    data.start()
    control.start()
    try:
        _serve(session, control)
    except LoadError as error:
        log("load_failed", level="error", code=error.code, reason=error.message)
        _fail(control, session, error)
        control.leave(error.exit_status, error.message, error.code)
    except DeviceLost:
        control.leave(exit_status.CUDA_FATAL, "The device is unusable for this process.", "CUDA_FATAL")
    except Exception as error:
        log_id = log_exception("worker_failed", error)
        reason = f"The worker failed with {type(error).__name__}; its log has the traceback as {log_id}."
        _fail(control, session, WorkerError("INTERNAL", reason))
        control.leave(exit_status.INTERNAL, reason, "INTERNAL")
    control.leave(exit_status.OK, "Drained.")


def _serve(session: Session, control: Control) -> None:
    load = control.wait_for_load()
    began = time.perf_counter()
    engine = _build(load, Reporter(load.worker_epoch, control.post))
    session.engine = engine
    served = engine.served
    control.post(
        Ready(
            worker_epoch=load.worker_epoch,
            model_id=load.model_id,
            slots=load.slots,
            ops=served.ops,
            model=served.model,
            assets_hash=served.assets.digest,
            load_ms=round((time.perf_counter() - began) * 1000, 1),
            rss=process.resident_bytes(),
            device_bytes=engine.gauges.device_bytes,
            warnings=served.warnings[:32],
        )
    )
    engine.serve(session.inbox, session.outbox)


def _build(load: Load, reporter: Reporter) -> Engine:
    """The engine of a LOAD. Each kind imports its own: a script needs no torch."""
    if isinstance(load.source, ScriptedSource):
        from .scripted import ScriptedEngine

        return ScriptedEngine(load, reporter)
    from .loading import load_engine

    return load_engine(load, reporter)


def _fail(control: Control, session: Session, error: WorkerError) -> None:
    """An ERROR about the worker itself."""
    control.post(
        Error(
            worker_epoch=session.worker_epoch or None,
            code=error.code,
            message=clip_message(error.message),
            started=False,
            path=error.path,
        )
    )


def _die_of(failure: threading.ExceptHookArgs) -> None:
    """A thread of the transport failed: without it the worker is deaf or mute, so it ends."""
    if failure.exc_value is not None:
        name = failure.thread.name if failure.thread is not None else None
        log_exception("thread_failed", failure.exc_value, thread=name)
    os._exit(exit_status.INTERNAL)
