"""What cannot fit into a model's context is refused before the call, with the numbers."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from osler.core.block import block_id, replace
from osler.core.errors import ModelError, SpecError
from osler.core.store import Store
from osler.core.types import Example, Message, Part, Prompt
from osler.models.budget import Budget
from osler.models.endpoint import Endpoint
from osler.models.simulated import Simulated
from osler.models.stub_server import running
from osler.models.window import Size, Window, context_of, measured, most_tokens, size_of, widest
from osler.prompting.sampling import Sampled
from osler.study.guarded import Guards

CASE = Prompt(id="c", question="Is it a fever? " * 20, choices=("yes", "no"))
WORDS = (Message("system", (Part("one two three"),)), Message("user", (Part("four five"),)))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def simulated(**knobs: Any) -> Simulated:
    return Simulated(skill=1.0, **knobs).keyed(
        [Example(id="c", input={}, target="yes", choices=("yes", "no"))], lettered=False
    )


def test_a_prompt_that_fits_to_the_token_goes_through_and_one_more_does_not() -> None:
    tokens = run(simulated().count(CASE.messages()))
    fits = Window(simulated(context=tokens + 10))
    assert run(fits.generate(CASE.messages(), max_tokens=10)).text == "Answer: yes"
    with pytest.raises(ModelError) as caught:
        run(fits.generate(CASE.messages(), max_tokens=11))
    assert (caught.value.kind, caught.value.retryable) == ("context", False)
    for number in (tokens, 11, tokens + 10):
        assert f"{number:,}" in caught.value.message
    assert "estimate" not in caught.value.message
    assert run(fits.score(CASE.messages(), ("yes", "no"))).text == "yes"
    with pytest.raises(ModelError, match="context"):
        run(Window(simulated(context=tokens)).score(CASE.messages(), ("yes", "no")))


def test_a_model_without_context_is_never_refused_anything() -> None:
    window = Window(simulated())
    assert run(window.generate(CASE.messages(), max_tokens=10**6)).text == "Answer: yes"
    assert (context_of(window), window.supports) == (0, simulated().supports)


def test_the_heart_is_found_through_wrappers_and_views() -> None:
    heart = simulated(context=7)
    assert measured(Sampled(Window(heart), 3)) is heart
    assert context_of(Sampled(Window(heart), 3)) == 7


def test_context_and_tokenizer_change_no_identity() -> None:
    endpoint = Endpoint(model="m", base_url="http://127.0.0.1:9/v1")
    assert block_id(replace(endpoint, context=8192, tokenizer="server")) == block_id(endpoint)
    assert block_id(replace(simulated(), context=9)) == block_id(simulated())


def test_without_a_tokenizer_only_what_cannot_fit_by_any_count_is_refused() -> None:
    endpoint = Endpoint(model="m", base_url="http://127.0.0.1:9/v1", context=100, api_key_env="")
    long = (Message("user", (Part("word " * 400),)),)
    size = run(size_of(endpoint, long))
    assert size == Size(199, False)
    with pytest.raises(ModelError, match=r"at least 199 tokens \(an estimate") as caught:
        run(Window(endpoint).generate(long, max_tokens=10))
    assert caught.value.kind == "context"

    async def go() -> str:
        try:  # 80 words may or may not fit: the server says
            await Window(endpoint).generate((Message("user", (Part("word " * 80),)),), max_tokens=10)
        except ModelError as error:
            return error.kind
        finally:
            await Window(endpoint).aclose()
        return ""

    assert run(go()) == "connect"
    with pytest.raises(SpecError, match="no tokenizer"):
        run(endpoint.count(long))


def test_a_tokenizer_file_counts_texts_schema_and_tools(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.save(str(tmp_path / "tokenizer.json"))
    endpoint = Endpoint(model="m", base_url="http://127.0.0.1:9/v1", tokenizer=str(tmp_path), context=40)
    alone = run(endpoint.count(WORDS))
    assert alone == 5 + 5 * 3
    assert run(endpoint.count(WORDS, schema={"type": "object"})) == alone + 1
    assert run(endpoint.count(WORDS, tools=({"name": "x", "parameters": {}},))) > alone + 1
    with pytest.raises(ModelError, match="has 20 tokens and its answer may have 21; the context of the model is 40"):
        run(Window(endpoint).generate(WORDS, max_tokens=21))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(SpecError, match="cannot be read as a tokenizer"):
        run(replace(endpoint, tokenizer=str(tmp_path / "tokenizer.json")).count(WORDS))


@pytest.mark.parametrize(("kind", "context"), [("vllm", 30), ("llama.cpp", 0)])
def test_a_server_counts_with_its_own_template(kind: str, context: int) -> None:
    async def go(url: str) -> tuple[int, int, ModelError | None]:
        endpoint = Endpoint(model="m", base_url=url, api_key_env="", tokenizer="server", context=0 if context else 30)
        try:
            tokens = await endpoint.count(WORDS)
            found = endpoint.found_context
            reply = await Window(endpoint).generate(WORDS, max_tokens=16)
            assert reply.text
            with pytest.raises(ModelError) as caught:
                await Window(endpoint).generate(WORDS, max_tokens=17)
            return tokens, found, caught.value
        finally:
            await endpoint.aclose()

    with running(count=kind, context=context) as stub:
        tokens, found, failed = run(go(stub.url))
        assert stub.stats()["requests"] == 1  # the refused one was never sent
    assert (tokens, found) == (14, 30)
    assert failed is not None
    assert failed.kind == "context"


def test_a_server_that_cannot_count_says_so() -> None:
    async def go(url: str) -> None:
        endpoint = Endpoint(model="m", base_url=url, api_key_env="", tokenizer="server")
        try:
            await endpoint.count(WORDS)
        finally:
            await endpoint.aclose()

    with running() as stub, pytest.raises(ModelError) as caught:
        run(go(stub.url))
    assert caught.value.kind == "http_404"


def test_a_study_refuses_inside_the_cache_and_before_the_budget(tmp_path: Path) -> None:
    budget = Budget(calls=5)
    tokens = run(simulated().count(CASE.messages()))

    async def ask(context: int) -> str:
        model, _ = Guards("s", store, budget).around(simulated(context=context))
        return (await model.generate(CASE.messages(), max_tokens=10)).text

    with Store(tmp_path / "store.db") as store:
        with pytest.raises(ModelError, match="context"):
            run(ask(tokens))
        assert (budget.spent["calls"], budget.failed) == (0, 0)
        assert run(ask(0)) == "Answer: yes"
        assert run(ask(tokens)) == "Answer: yes"  # what was answered is kept, whatever the context
        assert budget.spent["calls"] == 1


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("torch", "transformers")),
    reason="the extra 'local' (torch, transformers) is not installed",
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_local_model_counts_what_it_reads(tmp_path: Path) -> None:
    from tiny_models import save_causal

    from osler.models.local import Local

    local = Local(path=save_causal(tmp_path))
    reply = run(local.generate(WORDS, max_tokens=2))
    assert run(local.count(WORDS)) == reply.tokens_in
    assert context_of(Window(local)) == 256
    assert run(Window(local).generate(WORDS, max_tokens=300)).finish in ("stop", "length")
    with pytest.raises(ModelError, match="the context of the model is 256") as caught:
        run(Window(local).generate((Message("user", (Part("fever " * 300),)),), max_tokens=2))
    assert caught.value.kind == "context"


def test_what_fits_by_any_count_is_not_counted() -> None:
    endpoint = Endpoint(model="m", base_url="http://127.0.0.1:9/v1", tokenizer="no such file", context=10_000)

    async def kind(context: int) -> str:
        try:
            await Window(replace(endpoint, context=context)).generate(WORDS, max_tokens=100, tools=({"name": "x"},))
        except ModelError as error:
            return error.kind
        return ""

    with pytest.raises(SpecError, match="tokenizer"):
        run(kind(300))
    assert most_tokens(WORDS, None, ()) + 100 <= 10_000


def test_the_longest_prompt_of_a_plan() -> None:
    prompts = [(Message("user", (Part("word " * n),)),) for n in (3, 50, 7)]
    assert run(widest(simulated(), prompts)) == (1, Size(62, True))
    served = Endpoint(model="m", base_url="http://127.0.0.1:9/v1", tokenizer="server")
    at, size = run(widest(served, prompts))
    assert (at, size.exact) == (1, False)
    with pytest.raises(ValueError, match="empty"):
        run(widest(simulated(), ()))
