"""A pass through the whole model gives what transformers' own gives."""

from __future__ import annotations

import pytest
import torch

from tests.forward.conftest import CASES, Case
from tests.forward.judging import LANGUAGE, QFORMER, VISION, features, whole
from tests.forward.passes import answer, outputs_of, request_for

QUESTIONS = torch.tensor([[5, 6, 7, 8], [9, 10, 0, 0], [11, 12, 13, 0]])
QUESTIONS_MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])
IDS = torch.tensor([[15, 16, 17, 18, 19], [20, 21, 22, 9, 9], [23, 9, 9, 9, 9]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]])
LABELS = torch.tensor([[30, 31, 32], [33, -100, 34], [35, 36, -100]])
TOLD = {"t5": 6, "llama": 2, "opt": 2}
"""Names of what a language model tells beside its logits."""


def inputs(case: Case, pictures: int = 3, seed: int = 0) -> dict[str, torch.Tensor]:
    """Pictures, and three texts of one length."""
    given = {
        "pixel_values": case.pictures(pictures, seed=seed),
        "qformer_input_ids": QUESTIONS,
        "qformer_attention_mask": QUESTIONS_MASK,
        "input_ids": IDS,
    }
    return given | ({"decoder_input_ids": LABELS.clamp(min=0)} if case.kind == "t5" else {})


def padded(given: dict[str, torch.Tensor], side: str) -> dict[str, torch.Tensor]:
    """The same with texts of three lengths."""
    if side == "right":
        return {**given, "attention_mask": MASK}
    return {**given, "attention_mask": MASK.flip(1), "input_ids": IDS.flip(1)}


def check(case: Case, given: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    case.differences.check(outputs_of(case.engine, "model", given, theirs), theirs)


def test_image_features(case: Case) -> None:
    given = {
        name: inputs(case)[name] for name in ("pixel_values", "qformer_input_ids", "qformer_attention_mask")
    }
    theirs = features(case.judge, given)
    ours = outputs_of(case.engine, "image_features", given, theirs)
    assert ours.keys() == theirs.keys()
    case.differences.check(ours, theirs)


def test_every_output_at_once(case: Case) -> None:
    given = inputs(case)
    theirs = {**features(case.judge, given), **whole(case.judge, given)}
    del theirs["pooler_output"]
    assert len(theirs) == 9 + 1 + TOLD[case.kind]
    check(case, given, theirs)


def test_each_output_alone(case: Case) -> None:
    given = inputs(case, seed=1)
    theirs = {**features(case.judge, given), **whole(case.judge, given)}
    del theirs["pooler_output"]
    for name, expected in theirs.items():
        ours = outputs_of(case.engine, "model", given, [name])
        assert list(ours) == [name]
        case.differences.check(ours, {name: expected})


def test_one_picture_serves_all_texts(case: Case) -> None:
    given = inputs(case, pictures=1)
    theirs = {**features(case.judge, given), **whole(case.judge, given)}
    del theirs["pooler_output"]
    assert len(theirs[VISION + "last_hidden_state"]) == 1
    assert len(theirs[QFORMER + "last_hidden_state"]) == 3
    check(case, given, theirs)


def test_masks_may_be_left_out(case: Case) -> None:
    given = {name: tensor for name, tensor in inputs(case).items() if not name.endswith("mask")}
    check(case, given, whole(case.judge, given))


def test_texts_padded_on_the_right(case: Case) -> None:
    given = padded(inputs(case), "right")
    # Only LLaMA counts positions over padding unless it is told them, and only under the padding itself.
    check(case, given, whole(case.judge, given, explicit_positions=case.kind == "llama"))


def test_texts_padded_on_the_left(case: Case) -> None:
    given = padded(inputs(case), "left")
    check(case, given, whole(case.judge, given, explicit_positions=case.kind == "llama"))


@pytest.mark.parametrize(
    ("case", "side"),
    [
        *((name, "right") for name in CASES),
        # T5 counts distances over padding.
        *((name, "left") for name in CASES if not name.endswith("t5")),
    ],
    indirect=["case"],
)
def test_rows_of_a_padded_batch_equal_their_own_passes(case: Case, side: str) -> None:
    given = padded(inputs(case), side)
    names = ["logits", LANGUAGE + ("decoder_hidden_states" if case.kind == "t5" else "hidden_states")]
    together = outputs_of(case.engine, "model", given, names)
    queries = case.judge.config.num_query_tokens
    for row in range(3):
        text, asked = given["attention_mask"][row].bool(), QUESTIONS_MASK[row].bool()
        alone = {name: tensor[row : row + 1] for name, tensor in given.items() if not name.endswith("mask")}
        alone["input_ids"] = alone["input_ids"][:, text]
        alone["qformer_input_ids"] = alone["qformer_input_ids"][:, asked]
        theirs = whole(case.judge, alone)
        columns = torch.cat([torch.ones(queries, dtype=torch.bool), text])
        if case.kind == "t5":
            columns = torch.ones(3, dtype=torch.bool)
        ours = {name: tensor[..., row : row + 1, columns, :] for name, tensor in together.items()}
        expected = {name: theirs[name] for name in names}
        case.differences.check(ours, expected)
        case.differences.check(outputs_of(case.engine, "model", alone, names), expected)


def test_labels_give_a_loss(case: Case) -> None:
    given = padded(inputs(case), "right")
    if case.kind == "t5":
        given["labels"] = LABELS
    else:
        given["labels"] = IDS.masked_fill(MASK == 0, -100)
    theirs = whole(case.judge, given, explicit_positions=case.kind == "llama")
    assert theirs["loss"].shape == ()
    assert theirs["loss"] > 1
    assert theirs["logits"].shape[1] == given["labels"].shape[1]
    check(case, given, theirs)


def test_labels_of_other_lengths(case: Case) -> None:
    given = inputs(case)
    given.pop("decoder_input_ids", None)
    queries = case.judge.config.num_query_tokens
    for length in (2, 4) if case.kind == "t5" else (2, 7, queries + 5):
        given["labels"] = torch.arange(3 * length).reshape(3, length) % 70
        check(case, given, whole(case.judge, given))


@pytest.mark.parametrize("case", [name for name in CASES if name.endswith("t5")], indirect=True)
def test_labels_become_what_t5_reads(case: Case) -> None:
    given = inputs(case)
    del given["decoder_input_ids"]
    given["labels"] = LABELS
    given["decoder_attention_mask"] = torch.tensor([[1, 1, 1], [1, 1, 1], [1, 1, 0]])
    check(case, given, whole(case.judge, given))


def test_labels_that_all_do_not_count(case: Case) -> None:
    given = inputs(case)
    given["labels"] = torch.full((3, 3), -100)
    assert outputs_of(case.engine, "model", given, ["loss"])["loss"].isnan()
    assert whole(case.judge, given)["loss"].isnan()


def test_embeddings_in_place_of_ids(case: Case) -> None:
    given = padded(inputs(case), "right")
    theirs = whole(case.judge, given, explicit_positions=case.kind == "llama")
    embeds = {name: tensor for name, tensor in given.items() if name != "input_ids"}
    with torch.inference_mode():
        embeds["inputs_embeds"] = case.judge.language_model.get_input_embeddings()(IDS)
    check(case, embeds, theirs)


def test_pictures_of_other_sizes(case: Case) -> None:
    side = case.engine.served.model.image_size
    given = {**inputs(case), "pixel_values": case.pictures(3, size=side + 16)}
    theirs = {
        **features(case.judge, given, interpolate_pos_encoding=True),
        **whole(case.judge, given, interpolate_pos_encoding=True),
    }
    del theirs["pooler_output"]
    ours = outputs_of(case.engine, "model", given, theirs, interpolate_pos_encoding=True)
    case.differences.check(ours, theirs)


def test_the_language_model_runs_only_for_its_outputs(case: Case) -> None:
    request = request_for("model", inputs(case), [QFORMER + "pooler_output"])
    result, _ = answer(case.engine, request)
    assert [name for name in ("vision", "qformer", "language_model") if name in result.timings] == [
        "vision",
        "qformer",
    ]
    result, _ = answer(case.engine, request_for("model", inputs(case), ["logits"]))
    assert result.timings["language_model"] > 0


@pytest.mark.parametrize(("wire", "dtype"), [("f16", torch.float16), ("bf16", torch.bfloat16)])
def test_outputs_travel_as_they_are_asked_for(case: Case, wire: str, dtype: torch.dtype) -> None:
    given = inputs(case)
    full = outputs_of(case.engine, "model", given, ["logits"])["logits"]
    short = outputs_of(case.engine, "model", given, ["logits"], output_dtype=wire)["logits"]
    assert short.dtype == dtype
    assert torch.equal(short, full.to(dtype))
