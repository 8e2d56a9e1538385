"""Answers by rote, on time, with faults."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import cycle, islice

import msgspec

from ..assets import empty_assets, read_assets
from ..engine import Gauges, Served
from ..errors import LoadError
from ..failures import explain, fail_all
from ..inbox import Inbox
from ..outbox import Answer, Outbox
from ..protocol import Load, ModelFacts, ScriptedSource, TensorFrame
from ..reporter import Reporter
from ..request import GenerateRequest, Picture, Request
from ._faults import strike_process, strike_request
from ._script import Fault, Script

_FACTS = ModelFacts(
    language_model="scripted",
    dtype="float32",
    quantization="none",
    device="cpu",
    parameters=0,
    vocab_size=2**31 - 1,
    num_query_tokens=32,
    image_size=224,
    qformer_vocab_size=2**31 - 1,
    qformer_max_tokens=512,
    start_token_id=0,
    eos_token_ids=[1],
    pad_token_id=0,
)
_OUTCOMES = frozenset({"lose", "stale_epoch", "duplicate_result", "stray_result"})
"""Faults that take the place of the RESULT."""


@dataclass(eq=False)
class _Row:
    """A request under way."""

    request: GenerateRequest
    tokens: list[int]
    """The whole answer, known from the start."""
    ends: bool
    """Whether the last token is the end id."""
    due: float
    """When the next token is."""
    faults: list[Fault]
    done: int = 0
    outcome: set[str] = field(default_factory=set)
    lost: bool = False
    """Left without an answer: the request stays open for ever."""


class ScriptedEngine:
    """An :class:`~instructblip_worker.engine.Engine` that follows a script."""

    def __init__(self, load: Load, reporter: Reporter) -> None:
        assert isinstance(load.source, ScriptedSource)
        self._script = script = Script.parse(load.source.script)
        self._slots = load.slots
        self.gauges = Gauges()
        self._strike_at("load")
        self._pretend_to_load(reporter)
        if script.load_error is not None:
            failure = script.load_error
            raise LoadError(failure.code, failure.message, failure.exit_status)
        assets = read_assets(script.assets) if script.assets is not None else empty_assets()
        facts = msgspec.convert({**msgspec.to_builtins(_FACTS), **script.facts}, ModelFacts)
        self.served = Served(model=facts, ops=["generate"], assets=assets)

    def check(self, request: Request) -> None:
        """Anything goes."""

    def batch_key(self, request: Request) -> bytes:
        """All requests are alike: each has its own slot."""
        return b""

    def check_picture(self, frame: TensorFrame, *, interpolate: bool) -> None:
        """Anything goes."""

    def cached_picture(self, digest: str) -> Picture | None:
        """Nothing is kept: pictures without bytes are asked for."""
        return None

    def serve(self, inbox: Inbox, outbox: Outbox) -> None:
        """Run up to ``slots`` rows side by side, each by its own clock."""
        self._strike_at("ready")
        rows: list[_Row] = []
        while True:
            rows = [row for row in rows if not (row.request.settled or row.request.answered or row.lost)]
            free = self._slots - sum(row.request.rows for row in rows)
            if free > 0:
                taken = inbox.take_now(free)
                rows += [self._begin(request) for request in taken if isinstance(request, GenerateRequest)]
            if not rows:
                if inbox.closed and not len(inbox):
                    return
                inbox.wait(None)
                continue
            due = min(row.due for row in rows)
            if due <= time.monotonic():
                self._advance(rows, outbox)
            elif free > 0:
                inbox.wait(due)
            else:
                time.sleep(max(0.0, due - time.monotonic()))

    def _begin(self, request: GenerateRequest) -> _Row:
        request.started_at = time.monotonic()
        source = request.input_ids or [0]
        wanted = len(source) if self._script.tokens is None else self._script.tokens
        limit = request.options.max_new_tokens
        ends = wanted < limit
        body = list(islice(cycle(source), min(wanted, limit)))
        faults = [
            fault
            for fault in self._script.faults
            if fault.at == "request" and fault.token in (None, source[0])
        ]
        return _Row(
            request=request,
            tokens=[*body, self.served.model.eos_token_ids[0]] if ends else body,
            ends=ends,
            due=request.started_at + self._script.service_ms / 1000,
            faults=faults,
        )

    def _advance(self, rows: list[_Row], outbox: Outbox) -> None:
        """One step of every row that is due; what they stream goes as one CHUNK."""
        now = time.monotonic()
        due = [row for row in rows if row.due <= now and not row.request.settled]
        for row in due:
            try:
                self._step(row, rows, outbox)
            except Exception as error:
                verdict = explain(error)
                shared = verdict.code in ("CUDA_OOM", "CUDA_FATAL")
                fail_all(outbox, [r.request for r in rows] if shared else [row.request], verdict)
        outbox.chunks(row.request for row in due)
        for row in due:
            if row.done == len(row.tokens) and not row.request.settled:
                self._finish(row, outbox, len(rows))

    def _step(self, row: _Row, rows: list[_Row], outbox: Outbox) -> None:
        for fault in [fault for fault in row.faults if row.done >= fault.after_tokens]:
            if len(rows) > fault.batch_above:
                row.faults.remove(fault)
                self._strike(fault, row, outbox)
        self.gauges.progress += 1
        count = 1 if self._script.token_ms > 0 else len(row.tokens)
        # Faults to come want to strike between two tokens.
        pending = [fault.after_tokens for fault in row.faults if fault.after_tokens > row.done]
        count = min([count, *(tokens - row.done for tokens in pending)])
        new = row.tokens[row.done : row.done + count]
        row.done += len(new)
        row.request.steps = row.done
        row.request.stream.push(new)
        row.due += self._script.token_ms / 1000

    def _strike(self, fault: Fault, row: _Row, outbox: Outbox) -> None:
        if fault.do in _OUTCOMES:
            row.outcome.add(fault.do)
        elif fault.do == "skip_chunk":
            row.request.stream.sent += 1
        elif fault.do == "garbage":
            outbox.mail.put([b"IBW\x01\x13\x00\x00\x00", b"\xc1\xff\x00"])
            outbox.mail.put([b"\x00" * 64])
        else:
            strike_process(fault, self.gauges)
            strike_request(fault)

    def _strike_at(self, moment: str) -> None:
        for fault in self._script.faults:
            if fault.at == moment:
                strike_process(fault, self.gauges)

    def _finish(self, row: _Row, outbox: Outbox, batch_size: int) -> None:
        answer = self._answer(row, batch_size)
        if "lose" in row.outcome:
            row.lost = True
            return
        if "stale_epoch" in row.outcome:
            epoch = outbox.worker_epoch
            outbox.mail.put(outbox.result_frames(row.request, answer, epoch - 1 if epoch > 1 else epoch + 1))
            row.lost = True
            return
        outbox.result(row.request, answer)
        if "duplicate_result" in row.outcome:
            outbox.mail.put(outbox.result_frames(row.request, answer))
        if "stray_result" in row.outcome:
            row.request.request_id = "00000000-0000-4000-8000-000000000000"
            outbox.mail.put(outbox.result_frames(row.request, answer))

    def _answer(self, row: _Row, batch_size: int) -> Answer:
        facts = self.served.model
        outputs = {}
        if self._script.reply_bytes:
            size = self._script.reply_bytes
            outputs["payload"] = TensorFrame("u8", (size,), memoryview(bytes(size)))
        return Answer(
            sequences=[[facts.start_token_id, *row.tokens]],
            finish_reasons=["eos" if row.ends else "length"],
            pad_token_id=facts.pad_token_id,
            batch_size=batch_size,
            outputs=outputs,
        )

    def _pretend_to_load(self, reporter: Reporter) -> None:
        total = self._script.load_ms / 1000
        reporter.stage("read")
        began = time.monotonic()
        while (passed := time.monotonic() - began) < total:
            reporter.advance("read", fraction=passed / total)
            time.sleep(min(0.05, total - passed))
