"""How messages become the text that a local model reads."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from osler.core.errors import ModelError
from osler.core.types import Message

Template = Literal["auto", "plain", "chat"]

# Demonstrations end in "Answer: ...", so a scored continuation starts behind the same words.
ANSWER = "Answer:"


def render(messages: Sequence[Message], tokenizer: Any, template: Template) -> str:
    """The text of ``messages``, up to where the model goes on. "auto": the tokenizer's chat template if it has one."""
    for message in messages:
        if any(part.kind != "text" for part in message.parts):
            raise ModelError(
                "a local text model was given an image or a signal",
                hint="use a model whose supports holds images",
                kind="unsupported",
            )
    has_chat = bool(getattr(tokenizer, "chat_template", None))
    if template == "chat" and not has_chat:
        raise ModelError(
            "the tokenizer of the local model has no chat template",
            hint='set template = "plain" or "auto"',
            kind="template",
        )
    if template == "plain" or not has_chat:
        return "\n\n".join(message.text for message in messages) + "\n"
    turns = chat_turns([(message.role, message.text) for message in messages], tokenizer)
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))


def before_reply(tokenizer: Any, template: Template) -> str:
    """The white space that a chat template puts between a prompt and its reply, "" where there is none or no template.

    A prompt ends before it, since tokenizers join a space to the word behind it; a text that goes on with words of the
    reply needs it, or it reads what was never learnt ("ASSISTANT:Answer:" for "ASSISTANT: Answer:").
    """
    if not starts_itself(tokenizer, template):
        return ""
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "osler-probe"}]
    try:
        prompt = str(tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True))
        whole = str(tokenizer.apply_chat_template(turns, tokenize=False))
    except Exception:  # noqa: BLE001 - templates raise what they like to say no
        return ""
    gap, found, _ = whole.removeprefix(prompt).partition("osler-probe")
    return gap if found and gap.isspace() else ""


def chat_turns(said: Sequence[tuple[str, str]], tokenizer: Any) -> list[dict[str, str]]:
    """Roles and texts as a chat template takes them; a system turn goes to the user where the template has none."""
    turns = [{"role": role, "content": text} for role, text in said]
    alone = len(turns) > 1 and turns[0]["role"] == "system" and not _takes_system(tokenizer)
    return _without_system(turns) if alone else turns


def starts_itself(tokenizer: Any, template: Template) -> bool:
    """Whether the rendered text already holds the model's special tokens, so that the tokenizer must add none."""
    return template != "plain" and bool(getattr(tokenizer, "chat_template", None))


def context_in(config: Mapping[str, Any]) -> int:
    """The context in tokens that a model's configuration names; 0 where it names none."""
    for name in ("max_position_embeddings", "n_positions", "max_seq_len"):
        value = config.get(name)
        if isinstance(value, int) and value > 0:
            return value
    return 0


@functools.lru_cache(maxsize=4)
def tokenizer_of(path: str, local_files_only: bool, revision: str) -> Any:
    """The tokenizer of a model, without its weights."""
    from osler.models.local_engine import read_tokenizer

    return read_tokenizer(path, local_files_only, revision)


def prompt_ids(text: str, tokenizer: Any, template: Template, *, causal: bool, ends: Collection[int]) -> list[int]:
    """Ids of ``text`` as the model reads it from its beginning."""
    special = not starts_itself(tokenizer, template)
    ids: list[int] = tokenizer(text, add_special_tokens=special)["input_ids"]
    if causal and special and len(ids) and ids[-1] in ends:
        ids = ids[:-1]  # some tokenizers close every text; the model must go on here
    return ids


def _takes_system(tokenizer: Any) -> bool:
    """Some templates refuse a system turn, others leave it out in silence; both are found by trying."""
    probe = [{"role": "system", "content": "osler-probe"}, {"role": "user", "content": "x"}]
    try:
        return "osler-probe" in tokenizer.apply_chat_template(probe, tokenize=False)
    except Exception:  # noqa: BLE001 - templates raise what they like to say no
        return False


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """The instruction goes before the first user turn's text."""
    told, first, *rest = turns
    return [{"role": "user", "content": f"{told['content']}\n\n{first['content']}"}, *rest]
