"""Local models against plain transformers calls, on tiny random models that the tests make and save."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import save_bert, save_causal, save_seq2seq

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Demo, Message, Model, Part, Prompt, Reply
from osler.models.local import Local

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")),
        reason="the extra 'local' (torch, transformers) is not installed",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

PROMPTS = [
    Prompt(id="a", question="Is it a fever?", choices=("yes", "no", "maybe")),
    Prompt(id="b", question="The patient takes metformin. " * 6, choices=("included", "not enough information")),
    Prompt(id="c", question="Cough?", instruction="Be brief.", choices=("urgent", "routine")),
    Prompt(id="d", question="Met?", choices=("excluded", "no"), demos=(Demo(question="Cough?", answer="no"),)),
]
CHAT = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + CHAT


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_causal(tmp_path_factory.mktemp("tiny-llama"))


@pytest.fixture(scope="module")
def seq2seq(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_seq2seq(tmp_path_factory.mktemp("tiny-t5"))


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_bert(tmp_path_factory.mktemp("tiny-bert"))


def score_all(local: Local, prompts: Sequence[Prompt] = PROMPTS) -> list[Reply]:
    async def go() -> list[Reply]:
        return await asyncio.gather(*(local.score(prompt.messages(), prompt.labels) for prompt in prompts))

    return asyncio.run(go())


def generate_all(local: Local, **settings: Any) -> list[Reply]:
    async def go() -> list[Reply]:
        return await asyncio.gather(*(local.generate(prompt.messages(), **settings) for prompt in PROMPTS))

    return asyncio.run(go())


def plain(prompt: Prompt) -> str:
    return "\n\n".join(message.text for message in prompt.messages()) + "\n"


def values(reply: Reply) -> list[float]:
    return list((reply.logprobs or {}).values())


def test_causal_scores_are_the_sums_of_token_log_probabilities(causal: str) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(causal, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(causal)
    for prompt, reply in zip(PROMPTS, score_all(Local(path=causal)), strict=True):
        wanted = []
        start = len(tokenizer(plain(prompt) + "Answer:")["input_ids"])
        for choice in prompt.labels:
            ids = torch.tensor([tokenizer(f"{plain(prompt)}Answer: {choice}")["input_ids"]])
            with torch.no_grad():
                logp = torch.log_softmax(model(ids).logits[0], -1)
            wanted.append(sum(float(logp[at - 1, ids[0, at]]) for at in range(start, ids.shape[1])))
        assert values(reply) == pytest.approx(wanted, abs=1e-4)
        assert reply.text == prompt.labels[int(np.argmax(wanted))]
        assert reply.tokens_in > 5
        assert reply.model.startswith("tiny-llama")


def test_seq2seq_scores_are_the_sums_of_decoder_log_probabilities(seq2seq: str) -> None:
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    model = AutoModelForSeq2SeqLM.from_pretrained(seq2seq, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(seq2seq)
    for prompt, reply in zip(PROMPTS, score_all(Local(path=seq2seq)), strict=True):
        source = torch.tensor([tokenizer(plain(prompt))["input_ids"]])
        for choice, found in (reply.logprobs or {}).items():
            target = tokenizer(choice, add_special_tokens=False)["input_ids"]
            with torch.no_grad():
                logits = model(input_ids=source, decoder_input_ids=torch.tensor([[0, *target[:-1]]])).logits[0]
            logp = torch.log_softmax(logits, -1)
            assert found == pytest.approx(sum(float(logp[at, token]) for at, token in enumerate(target)), abs=1e-4)


@pytest.mark.parametrize("kind", ["causal", "seq2seq", "bert"])
def test_scores_do_not_depend_on_the_batch(kind: str, request: pytest.FixtureRequest) -> None:
    local = Local(path=request.getfixturevalue(kind))
    together = score_all(local, PROMPTS * 3)
    small = Local(path=local.path, max_batch_tokens=1)
    for prompt, reply in zip(PROMPTS * 3, together, strict=True):
        assert values(reply) == pytest.approx(values(score_all(small, [prompt])[0]), abs=1e-4)


@pytest.mark.parametrize("kind", ["causal", "seq2seq"])
def test_greedy_text_is_that_of_transformers(kind: str, request: pytest.FixtureRequest) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    path = request.getfixturevalue(kind)
    loader = AutoModelForCausalLM if kind == "causal" else AutoModelForSeq2SeqLM
    model = loader.from_pretrained(path, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(path)
    for prompt, reply in zip(PROMPTS, generate_all(Local(path=path), max_tokens=12), strict=True):
        source = torch.tensor([tokenizer(plain(prompt))["input_ids"]])
        out = model.generate(source, attention_mask=torch.ones_like(source), do_sample=False, max_new_tokens=12)[0]
        new = [int(token) for token in (out[source.shape[1] :] if kind == "causal" else out[1:])]
        assert reply.finish == ("stop" if 2 in new else "length")
        new = [token for token in new if token not in (0, 2)] if 2 in new else new
        assert reply.text == tokenizer.decode(new, skip_special_tokens=True).strip()
        assert reply.tokens_in == source.shape[1]
        assert reply.tokens_out == len(new)


@pytest.mark.parametrize("kind", ["causal", "seq2seq"])
def test_samples_follow_the_seed_and_not_the_batch(kind: str, request: pytest.FixtureRequest) -> None:
    local = Local(path=request.getfixturevalue(kind))
    settings: dict[str, Any] = {"temperature": 1.0, "seed": 5, "max_tokens": 10, "n": 3}
    together = generate_all(local, **settings)
    small = Local(path=local.path, max_batch_tokens=1)
    alone = [asyncio.run(small.generate(prompt.messages(), **settings)) for prompt in PROMPTS]
    assert [reply.texts for reply in together] == [reply.texts for reply in alone]
    assert all(len(set(reply.texts)) > 1 for reply in together)
    other = generate_all(local, **{**settings, "seed": 6})
    assert [reply.texts for reply in other] != [reply.texts for reply in together]


def test_sampling_follows_the_temperature(causal: str) -> None:
    cold = generate_all(Local(path=causal), temperature=1e-4, max_tokens=8)
    greedy = generate_all(Local(path=causal), max_tokens=8)
    assert [reply.text for reply in cold] == [reply.text for reply in greedy]


def test_an_end_token_stops_a_text(causal: str) -> None:
    found = [reply for seed in range(12) for reply in generate_all(Local(path=causal), temperature=6.0, seed=seed)]
    assert {reply.finish for reply in found} <= {"stop", "length"}
    stopped = [reply for reply in found if reply.finish == "stop"]
    assert stopped
    assert all("</s>" not in reply.text for reply in stopped)


def test_a_prompt_too_long_fails_alone(causal: str) -> None:
    long = Prompt(id="x", question="fever " * 400, choices=("yes", "no"))

    async def go() -> list[Reply | BaseException]:
        local = Local(path=causal)
        return await asyncio.gather(
            *(local.score(prompt.messages(), prompt.labels) for prompt in (PROMPTS[0], long)), return_exceptions=True
        )

    fine, failed = asyncio.run(go())
    assert isinstance(fine, Reply)
    assert isinstance(failed, ModelError)
    assert failed.kind == "context"
    with pytest.raises(ModelError, match="256"):
        asyncio.run(Local(path=causal).generate(long.messages()))


def test_an_encoder_embeds_and_scores(bert: str) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    local = Local(path=bert)
    assert local.supports == {"score"}
    texts = ["fever", "The patient has a fever and a cough.", "", "fever", "cough " * 200]
    vectors = asyncio.run(local.embed(texts))
    assert np.array_equal(vectors[0], vectors[3])
    model, tokenizer = AutoModel.from_pretrained(bert).eval(), AutoTokenizer.from_pretrained(bert)
    for text, vector in zip(texts, vectors, strict=True):
        ids = torch.tensor([tokenizer(text, truncation=True, max_length=64)["input_ids"]])
        with torch.no_grad():
            wanted = torch.nn.functional.normalize(model(ids).last_hidden_state.mean(1), dim=1)[0].numpy()
        assert float(np.abs(vector - wanted).max()) < 1e-4
    reply = score_all(local)[0]
    assert sum(np.exp(values(reply))) == pytest.approx(1)
    with pytest.raises(ModelError, match="cannot generate"):
        asyncio.run(local.generate(PROMPTS[0].messages()))


def with_template(path: str, folder: Path, template: str) -> Local:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoModelForCausalLM.from_pretrained(path).save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(path)
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)
    return Local(path=str(folder))


def test_a_chat_template_is_used_where_there_is_one(causal: str, tmp_path: Path) -> None:
    local = with_template(causal, tmp_path, CHAT)
    chat = generate_all(local, max_tokens=4)
    assert [reply.tokens_in for reply in chat] != [reply.tokens_in for reply in generate_all(Local(path=causal))]
    forced = Local(path=local.path, template="plain")
    assert values(score_all(forced)[0]) == pytest.approx(values(score_all(Local(path=causal))[0]), abs=1e-4)
    with pytest.raises(ModelError, match="no chat template"):
        asyncio.run(Local(path=causal, template="chat").generate(PROMPTS[0].messages()))


def test_a_scored_answer_stands_where_the_template_puts_replies(causal: str, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    spaced = CHAT.replace("<|{{ m['role'] }}|>", "{{ m['role'] }}: ").replace("<|assistant|>", "assistant:")
    local = with_template(causal, tmp_path, spaced)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(local.path), AutoTokenizer.from_pretrained(local.path)
    wanted = []
    for choice in PROMPTS[0].labels:
        said = [{"role": one.role, "content": one.text} for one in PROMPTS[0].messages()]
        learnt = tokenizer.apply_chat_template([*said, {"role": "assistant", "content": "Answer:"}], tokenize=False)
        start = learnt.removesuffix("</s>")
        before, ids = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (start, f"{start} {choice}"))
        with torch.no_grad():
            logp = torch.log_softmax(model(torch.tensor([ids])).logits[0], -1)
        wanted.append(sum(float(logp[at - 1, ids[at]]) for at in range(len(before), len(ids))))
    assert values(score_all(local, PROMPTS[:1])[0]) == pytest.approx(wanted, abs=1e-4)


def test_an_instruction_goes_to_the_user_s_turn_where_the_template_has_no_system(causal: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    from osler.models.local_text import render

    with_template(causal, tmp_path, NO_SYSTEM)
    text = render(PROMPTS[2].messages(), AutoTokenizer.from_pretrained(tmp_path), "auto")
    assert text.startswith("<|user|>Be brief.\n\nCough?")
    assert text.endswith("<|assistant|>")


def test_it_is_a_block_and_reads_its_kind_without_torch(causal: str, seq2seq: str) -> None:
    local = Local(path=causal)
    assert from_spec(to_spec(local)) == local
    assert isinstance(local, Model)
    assert local.supports == {"generate", "score"}
    assert Local(path=seq2seq).found_kind == "seq2seq"


def test_what_is_wrong_is_said(tmp_path: Path, causal: str) -> None:
    with pytest.raises(SpecError, match="path is empty"):
        Local(path="")
    with pytest.raises(DataError, match=r"no config\.json"):
        _ = Local(path=str(tmp_path)).supports
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(DataError, match="no model and tokenizer") as caught:
        asyncio.run(Local(path=str(tmp_path)).generate(PROMPTS[0].messages()))
    assert str(tmp_path.parent) not in str(caught.value)
    local = Local(path=causal)
    image = (Message("user", (Part("look", kind="image"),)),)
    with pytest.raises(ModelError, match="image"):
        asyncio.run(local.generate(image))
    with pytest.raises(ModelError, match="calls no tools"):
        asyncio.run(local.generate(PROMPTS[0].messages(), tools=({"name": "x"},)))
    with pytest.raises(ModelError, match="gives no embeddings"):
        asyncio.run(local.embed(["fever"]))
    with pytest.raises(ModelError, match="no choices"):
        asyncio.run(local.score(PROMPTS[0].messages(), ()))


def test_importing_it_loads_no_torch() -> None:
    import subprocess

    code = "import sys, osler.models.local; print('torch' in sys.modules or 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
