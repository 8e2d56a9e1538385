"""A pass through the Q-Former gives what transformers' own gives, its two kinds of attention apart."""

from __future__ import annotations

import pytest
import torch

from tests.forward.conftest import Case
from tests.forward.judging import maps_of
from tests.forward.passes import outputs_of

ALL = ("last_hidden_state", "pooler_output", "hidden_states", "attentions", "cross_attentions")
TEXT = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0], [11, 12, 13, 0]])
TEXT_MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])


def inputs(case: Case, rows: int = 3, patches: int = 7, seed: int = 0) -> dict[str, torch.Tensor]:
    """Queries, padded text and a picture."""
    config = case.judge.config
    generator = torch.Generator().manual_seed(seed)
    queries = torch.randn(
        rows, config.num_query_tokens, config.qformer_config.hidden_size, generator=generator
    )
    return {
        "input_ids": TEXT[:rows],
        "attention_mask": torch.cat(
            [torch.ones(queries.shape[:2], dtype=torch.int64), TEXT_MASK[:rows]], dim=1
        ),
        "query_embeds": queries,
        "encoder_hidden_states": torch.randn(
            rows, patches, config.vision_config.hidden_size, generator=generator
        ),
    }


@torch.inference_mode()
def judged(case: Case, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    qformer = case.judge.qformer
    with maps_of(qformer) as (own, cross):
        output = qformer(**{"input_ids": None, **given}, output_hidden_states=True)
    layers = qformer.config.num_hidden_layers
    assert len(own) == layers
    found = {
        "last_hidden_state": output.last_hidden_state,
        "pooler_output": output.pooler_output,
        "hidden_states": torch.stack(output.hidden_states),
        "attentions": torch.stack(own),
    }
    if "query_embeds" in given:
        assert len(cross) == len(range(0, layers, qformer.config.cross_attention_frequency))
        found["cross_attentions"] = torch.stack(cross)
    return found


def check(case: Case, given: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    case.differences.check(outputs_of(case.engine, "qformer", given, theirs), theirs)


def test_all_outputs(case: Case) -> None:
    given = inputs(case)
    check(case, given, judged(case, given))


def test_each_output_alone(case: Case) -> None:
    given = inputs(case, seed=1)
    theirs = judged(case, given)
    for name in ALL:
        ours = outputs_of(case.engine, "qformer", given, [name])
        assert list(ours) == [name]
        case.differences.check(ours, {name: theirs[name]})


@pytest.mark.parametrize("left_out", [["attention_mask"], ["input_ids", "attention_mask"]])
def test_what_may_be_left_out(case: Case, left_out: list[str]) -> None:
    given = {name: tensor for name, tensor in inputs(case).items() if name not in left_out}
    check(case, given, judged(case, given))


def test_text_alone(case: Case) -> None:
    given = {"input_ids": TEXT, "attention_mask": TEXT_MASK}
    check(case, given, judged(case, given))


def test_positions_and_masks_of_pictures(case: Case) -> None:
    given = inputs(case)
    given["position_ids"] = torch.tensor([[3, 1, 0, 7]])
    given["encoder_attention_mask"] = torch.tensor([[1, 1, 1, 1, 1, 0, 0], [0, 1, 1, 1, 1, 1, 1], [1] * 7])
    theirs = judged(case, given)
    check(case, given, theirs)
    assert not torch.equal(theirs["last_hidden_state"], judged(case, inputs(case))["last_hidden_state"])


@pytest.mark.parametrize("masked", [False, True])
def test_one_picture_and_one_set_of_queries_serve_all_texts(case: Case, masked: bool) -> None:
    given = inputs(case)
    for name in ("query_embeds", "encoder_hidden_states"):
        given[name] = given[name][:1]
    if masked:
        given["encoder_attention_mask"] = torch.tensor([[1, 1, 1, 1, 0, 1, 0]])
    repeated = {name: tensor.expand(3, *tensor.shape[1:]) for name, tensor in given.items()}
    check(case, given, judged(case, repeated))


def test_rows_of_a_padded_batch_equal_their_own_passes(case: Case) -> None:
    given = inputs(case)
    queries = given["query_embeds"].shape[1]
    together = outputs_of(case.engine, "qformer", given, ["last_hidden_state", "cross_attentions"])
    for row, length in enumerate(TEXT_MASK.sum(dim=1).tolist()):
        single = {name: tensor[row : row + 1] for name, tensor in given.items() if name != "attention_mask"}
        single["input_ids"] = single["input_ids"][:, :length]
        alone = outputs_of(case.engine, "qformer", single, ["last_hidden_state", "cross_attentions"])
        ours = {
            "last_hidden_state": together["last_hidden_state"][row : row + 1, : queries + length],
            "cross_attentions": together["cross_attentions"][:, row : row + 1],
        }
        case.differences.check(ours, alone)


def test_types_of_inputs(case: Case) -> None:
    given = inputs(case)
    theirs = judged(case, given)
    given["input_ids"] = given["input_ids"].to(torch.int32)
    given["attention_mask"] = given["attention_mask"].to(torch.bool)
    check(case, given, theirs)
    for dtype in (torch.float16, torch.bfloat16):
        rounded = {
            name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in given.items()
        }
        full = {
            name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in rounded.items()
        }
        check(case, rounded, judged(case, full))
