"""The published chat templates by name: data that is saved with the tokenizer, so what is served is what was learnt.

Each is the Jinja text of a Hugging Face chat template. ``marks``: special tokens that it needs. ``end``: the token that
ends a reply, "" for the tokenizer's own end of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from osler.core.errors import SpecError, nearest

Named = Literal[
    "auto", "plain", "alpaca", "vicuna", "ziya", "baichuan", "chatglm", "llama-2", "baize", "bianque", "bentsao",
    "huatuogpt", "chatml",
]  # fmt: skip
_BOS = "{{ bos_token if bos_token is defined }}"
_EOS = "{{ eos_token }}"


class ChatTemplate(NamedTuple):
    """``source``: where the wording is from; "recalled" where no published text could be read again."""

    jinja: str
    source: str
    marks: tuple[str, ...] = ()
    end: str = ""


def _lines(
    user: str,
    assistant: str,
    *,
    system: str = "{{ m.content }}\n",
    open_with: str = "",
    gap: str = "",
    after: str = "",
) -> str:
    """A template of ``user`` and ``assistant`` turns in a loop over ``m``; a reply closes with the end of text.

    gap: the space before a reply. It belongs to the reply, not to the prompt: tokenizers join a space to the next word.
    """
    return (
        f"{_BOS}{open_with}{{% for m in messages %}}"
        f"{{% if m.role == 'system' %}}{system}"
        f"{{% elif m.role == 'user' %}}{user}"
        f"{{% else %}}{assistant}{gap}{{{{ m.content }}}}{_EOS}{after}{{% endif %}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{assistant}{{% endif %}}"
    )


_ALPACA = (
    "Below is an instruction that describes a task{% if messages[0].role == 'system' %}, paired with an input that "
    "provides further context{% endif %}. Write a response that appropriately completes the request.\n\n"
)
_LLAMA_2 = (
    "{% set told = namespace(text='') %}{% for m in messages %}"
    "{% if m.role == 'system' %}{% set told.text = '<<SYS>>\n' + m.content + '\n<</SYS>>\n\n' %}"
    "{% elif m.role == 'user' %}" + _BOS + "[INST] {{ told.text }}{{ m.content }} [/INST]{% set told.text = '' %}"
    "{% else %} {{ m.content }}" + _EOS + "{% endif %}{% endfor %}"
)
_CHATGLM = (
    _BOS + "{% set round = namespace(n=0) %}{% for m in messages %}{% if m.role == 'user' %}"
    "[Round {{ round.n }}]\n问：{{ m.content }}\n{% set round.n = round.n + 1 %}"
    "{% elif m.role == 'assistant' %}答：{{ m.content }}"
    + _EOS
    + "\n{% else %}{{ m.content }}\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}答：{% endif %}"
)
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

TEMPLATES: Mapping[str, ChatTemplate] = {
    "plain": ChatTemplate(
        _lines("{{ m.content }}\n", "", system="{{ m.content }}\n\n", after="\n\n"),
        "ours: texts one after the other, as Local joins them",
    ),
    "alpaca": ChatTemplate(
        _lines(
            "### {% if messages[0].role == 'system' and loop.first is false and loop.index0 == 1 %}Input"
            "{% else %}Instruction{% endif %}:\n{{ m.content }}\n\n",
            "### Response:",
            system="### Instruction:\n{{ m.content }}\n\n",
            open_with=_ALPACA,
            after="\n\n",
        ),
        "Stanford Alpaca (Taori et al. 2023), train.py; a system turn is the instruction, the first question its input",
    ),
    "vicuna": ChatTemplate(
        _lines("USER: {{ m.content }} ", "ASSISTANT:", gap=" ", system="{{ m.content }} "),
        "Vicuna v1.1 (Chiang et al. 2023)",
    ),
    "ziya": ChatTemplate(
        _lines("<human>:{{ m.content }}\n", "<bot>:", after="\n"), "Ziya-LLaMA-13B (IDEA-CCNL 2023), model page"
    ),
    "baichuan": ChatTemplate(
        _lines("<reserved_102>{{ m.content }}", "<reserved_103>", system="{{ m.content }}"),
        "Baichuan-13B-Chat (2023), recalled",
        marks=("<reserved_102>", "<reserved_103>"),
    ),
    "chatglm": ChatTemplate(_CHATGLM, "ChatGLM-6B (2023), the form of several rounds, recalled"),
    "llama-2": ChatTemplate(_LLAMA_2, "Llama 2 (Touvron et al. 2023), generation code"),
    "baize": ChatTemplate(
        _lines(
            "[|Human|] {{ m.content }}\n",
            "[|AI|]",
            gap=" ",
            after="\n",
            open_with="{% if messages[0].role != 'system' %}The following is a conversation between a human and an AI "
            "assistant named Baize (named after a mythical creature in Chinese folklore).\n{% endif %}",
        ),
        "Baize (Xu et al. 2023), demo prompt, shortened, recalled; its training files write [Human] and [AI]",
    ),
    "bianque": ChatTemplate(
        _lines("病人：{{ m.content }}\n", "医生：", after="\n"), "BianQue (Chen et al. 2023), model page"
    ),
    "bentsao": ChatTemplate(
        _lines(
            "### 问题:\n{{ m.content }}\n\n",
            "### 回答:\n",
            open_with="{% if messages[0].role != 'system' %}下面是一个问题，运用医学知识来正确回答提问.\n{% endif %}",
            after="\n\n",
        ),
        "BenTsao (Wang et al. 2023), template of its repository, recalled",
    ),
    "huatuogpt": ChatTemplate(
        _lines(
            "<病人>：{{ m.content }} ",
            "<HuatuoGPT>：",
            open_with="{% if messages[0].role != 'system' %}一位用户和智能医疗大模型HuatuoGPT之间的对话。对于用户的医疗问诊，"
            "HuatuoGPT给出准确的、详细的、温暖的指导建议。 {% endif %}",
        ),
        "HuatuoGPT (Zhang et al. 2023), command line demo, recalled",
    ),
    "chatml": ChatTemplate(_CHATML, "ChatML (OpenAI 2023)", marks=("<|im_start|>", "<|im_end|>"), end="<|im_end|>"),
}


def give_template(tokenizer: Any, name: str, *, may_add: bool = True) -> tuple[int, str]:
    """Set the chat template ``name`` on ``tokenizer``; gives how many special tokens were added and the token that ends
    a reply.

    "auto" keeps the tokenizer's own template and sets "plain" where it has none. SpecError for an unknown name, where
    the tokenizer has no token that ends a text, and where tokens are missing and ``may_add`` is false.
    """
    if name == "auto" and getattr(tokenizer, "chat_template", None):
        return 0, _end_of(tokenizer)
    wanted = "plain" if name == "auto" else name
    if wanted not in TEMPLATES:
        raise SpecError(f"no chat template is named {name!r}", hint=nearest(name, TEMPLATES))
    found = TEMPLATES[wanted]
    if not found.end and not tokenizer.eos_token:
        raise SpecError(
            "the tokenizer has no token that ends a text, so a tuned model would never stop",
            hint='use the template "chatml", which brings its own, or another base',
        )
    known = tokenizer.get_vocab()
    missing = [mark for mark in found.marks if mark not in known]
    if missing and not may_add:
        raise SpecError(
            f"the template {wanted!r} needs {len(missing)} tokens that the base has not, and its table of tokens is frozen",
            hint="use a template without special tokens, such as vicuna, or train without an adapter",
        )
    added = tokenizer.add_special_tokens({"additional_special_tokens": missing}) if missing else 0
    tokenizer.chat_template = found.jinja
    return int(added), found.end or str(tokenizer.eos_token)


def _end_of(tokenizer: Any) -> str:
    """The token that ends a reply by the tokenizer's own template: what stands behind the probe, if it is special."""
    turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "osler-probe"}]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False))
    tail = text[text.rindex("osler-probe") + len("osler-probe") :] if "osler-probe" in text else ""
    special = set(tokenizer.all_special_ids)
    ids = tokenizer(tail, add_special_tokens=False)["input_ids"]
    first = next((token for token in ids if token in special), tokenizer.eos_token_id)
    if first is None:
        raise SpecError(
            "the base's chat template ends no reply with a special token, so a tuned model would never stop",
            hint='name another template, such as "chatml"',
        )
    return str(tokenizer.convert_ids_to_tokens(first))
