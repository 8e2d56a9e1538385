"""How large the tensors may become that a request asks for beside its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..protocol import GenerateOptions
from .options import beams, sequences

_FLOAT = 4


@dataclass(frozen=True)
class LanguageModelShape:
    """The sizes that scores, hidden states and attention maps have."""

    vocab_size: int
    width: int
    heads: int
    encoder_layers: int
    """0 for a decoder-only model, which reads the prompt with the layers that also write."""
    decoder_layers: int

    @classmethod
    def of(cls, config: Any) -> LanguageModelShape:
        """From a language model's configuration; the names are those of T5, LLaMA and OPT alike."""
        reads = bool(config.is_encoder_decoder)
        layers = config.num_decoder_layers if reads else config.num_hidden_layers
        return cls(
            vocab_size=config.vocab_size,
            width=config.hidden_size,
            heads=config.num_attention_heads,
            encoder_layers=config.num_hidden_layers if reads else 0,
            decoder_layers=layers,
        )


def output_bytes(options: GenerateOptions, prompt: int, shape: LanguageModelShape) -> dict[str, int]:
    """Most bytes of each output that is asked for, by option; ``prompt`` counts the queries."""
    rows, steps = max(beams(options), sequences(options)), options.max_new_tokens
    scores = rows * steps * shape.vocab_size
    if shape.encoder_layers:
        states = shape.width * (
            (shape.encoder_layers + 1) * prompt + rows * (shape.decoder_layers + 1) * steps
        )
        maps = shape.heads * (
            shape.encoder_layers * prompt**2 + rows * shape.decoder_layers * steps * (steps + prompt)
        )
    else:
        states = shape.width * rows * (shape.decoder_layers + 1) * (prompt + steps)
        maps = shape.heads * rows * shape.decoder_layers * (prompt + steps) ** 2
    sizes = {
        "output_scores": scores,
        "output_logits": scores,
        "output_hidden_states": states,
        "output_attentions": maps,
    }
    return {name: size * _FLOAT for name, size in sizes.items() if getattr(options, name)}
