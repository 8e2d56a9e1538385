"""Trains the three tokenizers on the world's questions and answers."""

from __future__ import annotations

import io
import json
import re
import string
from collections import Counter
from random import Random
from typing import Any

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import BertTokenizer, LlamaTokenizer, PreTrainedTokenizerBase, T5Tokenizer

from .questions import COUNTS, ask
from .world import COLORS, KINDS, random_scene

ANSWER_WORDS = (*COLORS, *KINDS, *COUNTS, "yes", "no", "a", "an")
IMAGE = AddedToken("<image>", normalized=False, special=True)
SENTINELS = 100
_ASCII = "".join(c for c in string.printable if not c.isspace())
_SPM_SEED, _SENTENCES = 2_000_000_000, 40_000


def corpus() -> list[str]:
    """Questions in every wording, and answers."""
    sentences = [_ASCII]
    for seed in range(_SPM_SEED, _SPM_SEED + _SENTENCES):
        rng = Random(seed)
        question = ask(random_scene(rng), rng)
        sentences += [question.text.strip(), question.answer, question.answer]
    return [sentence for sentence in sentences if sentence]


def t5_tokenizer(sentences: list[str], vocabulary: int = 1300) -> PreTrainedTokenizerBase:
    """Unigram with the nmt_nfkc normaliser: `… </s>`, pad 0, eos 1, unk 2, sentinels at the end."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=written,
        model_type="unigram",
        vocab_size=vocabulary,
        normalization_rule_name="nmt_nfkc",
        character_coverage=1.0,
        required_chars=_ASCII,
        num_threads=1,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=1,
    )
    model = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    pieces = _with_answers([(piece.piece, piece.score) for piece in model.pieces])
    sentinels = [(f"<extra_id_{i}>", 0.0) for i in reversed(range(SENTINELS))]
    return T5Tokenizer(
        vocab=pieces + sentinels,
        _spm_precompiled_charsmap=model.normalizer_spec.precompiled_charsmap,
        extra_ids=SENTINELS,
        model_max_length=512,
        truncation_side="left",
    )


def _with_answers(pieces: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Puts answer words that came out in several pieces in the place of the least likely longer pieces."""
    known = {piece for piece, _ in pieces}
    missing = [f"▁{word}" for word in ANSWER_WORDS if f"▁{word}" not in known]
    likely = dict(pieces)["▁circle"]
    rare = sorted(
        (i for i, (piece, _) in enumerate(pieces) if len(piece) > 1 and i > 2), key=lambda i: pieces[i][1]
    )
    replaced = dict(zip(rare, missing, strict=False))
    return [(replaced[i], likely) if i in replaced else pair for i, pair in enumerate(pieces)]


def llama_tokenizer(sentences: list[str], vocabulary: int = 1400) -> PreTrainedTokenizerBase:
    """BPE with byte fallback: `</s> …`, left padded; `</s>` is beginning, end and unknown at once."""
    specials = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trained = Tokenizer(models.BPE(byte_fallback=True))
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True),
            pre_tokenizers.Punctuation(),
        ]
    )
    trained.train_from_iterator(
        sentences,
        trainers.BpeTrainer(vocab_size=vocabulary - 1, special_tokens=specials, show_progress=False),
    )
    merges = [tuple(merge) for merge in _model(trained)["merges"]]
    vocab: dict[str, int] = _model(trained)["vocab"]
    vocab["▁▁"] = len(vocab)  # two spaces, as in LLaMA's own vocabulary
    tokenizer = LlamaTokenizer(
        vocab=vocab,
        merges=[*merges, ("▁", "▁")],
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="[PAD]",
        truncation_side="left",
    )
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="</s>:0 $A:0",
        pair="</s>:0 $A:0 </s>:1 $B:1",
        special_tokens=[("</s>", vocab["</s>"])],
    )
    return tokenizer


def qformer_tokenizer(sentences: list[str], vocabulary: int = 800) -> PreTrainedTokenizerBase:
    """Uncased WordPiece, `[CLS] … [SEP]`: letters and common words, `[DEC]` added as the last id."""
    letters = sorted({character.lower() for character in _ASCII})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    counts = Counter(word for sentence in sentences for word in re.findall(r"[a-z]{2,}", sentence.lower()))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    pieces += ranked[: vocabulary - len(pieces)]
    vocab = {piece: index for index, piece in enumerate(pieces)}
    return BertTokenizer(vocab=vocab, bos_token="[DEC]", truncation_side="left")


def _model(tokenizer: Tokenizer) -> dict[str, Any]:
    model: dict[str, Any] = json.loads(tokenizer.to_str())["model"]
    return model
