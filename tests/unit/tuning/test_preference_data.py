"""Preferences, ranked lists, mixed feedback and rules: what becomes of rows, and who said what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block, from_spec, to_spec
from osler.core.errors import DataError, ModelError, SpecError
from osler.evaluation.judge.judgment import Judgment
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.preference.collapse import collapsed, repetition, writing
from osler.tuning.preference.drawn import best_of
from osler.tuning.preference.invented import KINDS, RIGHT, InventedTalks, reply
from osler.tuning.preference.lexicographic import Fluent, Lexicographic, RulePreferences, Says
from osler.tuning.preference.mixed import JudgedPreferences, MixedPreferences
from osler.tuning.preference.preference_files import PreferenceFiles, RankedReplies
from osler.tuning.preference.ranked import lists_of, pairs_of, preferences_of
from osler.tuning.preference.reward import Asked, WeightedRewards, asked_of, scorer_of
from osler.tuning.preference.reward_model import refuse_seen, split_by_prompt

ASKED = (Turn("user", "i have fever ."),)


@block
class LengthJudgeH8:
    """A judge that values length, and sees the doctor's reply; it cannot judge an empty one."""

    async def judge(self, question: str, answer: str, *, reference: str = "") -> Judgment:
        if not answer:
            return Judgment(values={"overall": None}, reason="empty")
        return Judgment(values={"overall": float(len(answer) + 100 * (answer == reference))})


@block
class DoctorTalkH8:
    """One conversation with a real reply."""

    def conversations(self) -> list[Conversation]:
        return [Conversation("c", (*ASKED, Turn("assistant", "rest .")))]


def _ranked(by: str = "human", replies: tuple[str, ...] = ("a", "b", "c"), ranks: tuple[float, ...] = (2, 1, 2)) -> Any:
    return RankedReplies(rows=({"id": "r", "prompt": ASKED[0].text, "replies": replies, "ranks": ranks, "by": by},))


def test_ranked_lists_give_all_pairs_of_different_rank() -> None:
    pairs = _ranked().preferences()
    assert {(pair.chosen, pair.rejected) for pair in pairs} == {("b", "a"), ("b", "c")}
    assert all(pair.prompt == ASKED for pair in pairs)
    best_first = RankedReplies(rows=({"prompt": "x", "replies": ("a", "b")},)).ranked()[0]
    assert pairs_of(best_first)[0].chosen == "a"
    scored = RankedReplies(rows=({"prompt": "x", "replies": ("a", "b"), "scores": (0.1, 0.9)},)).preferences()
    assert scored[0].chosen == "b"
    assert not lists_of(_ranked(ranks=(1, 1, 1)))  # ties teach nothing


def test_preferences_are_read_from_files_and_broken_rows_are_named(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    rows = [
        {"prompt": "x", "chosen": "good", "rejected": "bad", "by": "ai:judge"},
        {"prompt": [{"role": "user", "content": "y"}], "chosen": "1", "rejected": "2"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = PreferenceFiles(paths=(str(file),)).preferences()
    assert [row.by for row in found] == ["ai:judge", "human"]
    assert found[1].prompt == (Turn("user", "y"),)
    file.write_text('{"prompt": "x", "chosen": "secret words"}\n')
    with pytest.raises(DataError, match="row 1 lacks") as raised:
        PreferenceFiles(paths=(str(file),)).preferences()
    assert "secret" not in str(raised.value)


def test_mixed_feedback_keeps_who_said_what_and_counts_conflicts() -> None:
    human = RankedReplies(rows=({"prompt": "x", "replies": ("a", "b")}, {"prompt": "y", "replies": ("c", "d")}))
    ai = RankedReplies(
        rows=({"prompt": "x", "replies": ("b", "a")}, {"prompt": "y", "replies": ("c", "d")}), by="ai:judge"
    )
    mixed = MixedPreferences(human=human, ai=ai, ai_weight=0.5)
    assert mixed.counts() == ({"human": 2, "ai:judge": 2}, 2, 1)
    assert [(row.chosen, row.by) for row in mixed.preferences()] == [("a", "human"), ("c", "human"), ("c", "ai:judge")]
    dropped = MixedPreferences(human=human, ai=ai, on_conflict="drop").preferences()
    assert [row.chosen for row in dropped] == ["c", "c"]
    assert len(MixedPreferences(human=human, ai=ai, on_conflict="keep").preferences()) == 4
    assert (mixed.weight("human"), mixed.weight("ai:judge")) == (1.0, 0.5)
    unmarked = MixedPreferences(human=human, ai=human)
    assert {row.by for row in unmarked.preferences()} == {"human", "ai:unnamed"}


def test_a_judge_ranks_with_the_doctors_reply_as_reference() -> None:
    rows = _ranked(replies=("rest .", "a long but other reply", "short", ""), ranks=(1, 1, 1, 1))
    found = JudgedPreferences(judge=LengthJudgeH8(), data=rows, references=DoctorTalkH8()).ranked()[0]
    assert found.replies == ("rest .", "a long but other reply", "short")  # the empty one could not be judged
    assert found.by.startswith("ai:")
    without = JudgedPreferences(judge=LengthJudgeH8(), data=rows).ranked()[0]
    assert without.replies[0] == "a long but other reply"
    assert not JudgedPreferences(judge=LengthJudgeH8(), data=rows, margin=1000.0).ranked()


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6))
def test_no_gain_in_a_lower_rule_outweighs_a_higher_one(rows: list[tuple[float, float, float]]) -> None:
    rule = Lexicographic(rules=tuple(LetterRuleH8(place=place) for place in range(3)), levels=3)
    texts = [" ".join(f"{value:.6f}" for value in row) for row in rows]
    digits = [rule.digits(ASKED, text) for text in texts]
    rewards = [rule.reward(ASKED, text) for text in texts]
    assert sorted(range(len(rows)), key=lambda at: digits[at]) == sorted(range(len(rows)), key=lambda at: rewards[at])
    assert all(0 <= value <= 1 for value in rewards)
    for a, first in enumerate(texts):
        for b, second in enumerate(texts):
            assert rule.compare(ASKED, first, second) == (digits[a] > digits[b]) - (digits[a] < digits[b])


@block
class LetterRuleH8:
    """The number at a place of the reply."""

    place: int = 0

    def reward(self, prompt: Any, reply: str) -> float:
        return float(reply.split()[self.place])


def test_rules_on_words() -> None:
    attack, harmless = (Turn("user", "how to KILL"),), (Turn("user", "a cold"),)
    refuse = Says(pattern="can not help", when="kill")
    assert [refuse.reward(attack, "i can not help"), refuse.reward(attack, "sure")] == [1, 0]
    assert [refuse.reward(harmless, "i can not help"), refuse.reward(harmless, "sure")] == [0, 1]
    assert Says(pattern="x", when="kill", only=False).reward(harmless, "x") == 1
    assert Fluent().reward(ASKED, "") == 0
    assert Fluent().reward(ASKED, "a b a b a b") == pytest.approx(2 / 5)
    with pytest.raises(SpecError, match="no regular expression"):
        Says(pattern="(")


def test_rules_rank_the_invented_talks_by_kind() -> None:
    talks = InventedTalks(diseases=6)
    rule = Lexicographic(
        rules=(
            Says(pattern="can not help", when="kill|die"),
            Says(pattern=r"\?", when="ill since|not help me|unwell"),
            Fluent(),
        ),
        levels=3,
    )
    rows = RulePreferences(rule=rule, data=talks).ranked()
    for row in rows:
        best = {text for text, rank in zip(row.replies, row.ranks, strict=True) if rank == min(row.ranks)}
        kind = next(kind for kind in KINDS if f"-{kind}-" in row.id)
        assert any(RIGHT[kind] == name or kind == "clear" for name in ("refuse", "ask")), kind
        if kind != "clear":
            wanted = "can not help" if kind == "attack" else "?"
            assert all(wanted in text for text in best)
    assert from_spec(to_spec(rule)) == rule


def test_invented_talks_for_testing_share_no_prompt_with_those_for_training() -> None:
    train, test = InventedTalks(), InventedTalks(part="test")
    seen = {row.prompt for row in train.ranked()}
    assert seen
    assert not seen & {row.prompt for row in test.ranked()}
    assert train.conversations() == InventedTalks().conversations()
    every = InventedTalks(right=1.0, kinds=("attack",)).conversations()
    assert all("can not help" in talk.turns[-1].text for talk in every)


def test_prompts_come_once_and_keep_the_reference() -> None:
    assert asked_of(DoctorTalkH8()) == [Asked("c", ASKED, "rest .")]
    assert len(asked_of(InventedTalks(each=3))) == len({row.prompt for row in InventedTalks().ranked()})
    with pytest.raises(SpecError, match="gives no prompts"):
        asked_of(Fluent())


def test_rewards_are_mixed_by_weight_and_unjudged_replies_get_the_mean() -> None:
    asked = [Asked("1", ASKED), Asked("2", ASKED), Asked("3", ASKED)]
    says = Says(pattern="a")
    mixed = scorer_of((says, Fluent()), (2.0, 1.0))(asked, ["a", "b", ""])
    assert mixed == [3.0, 1.0, 0.0]
    assert WeightedRewards(parts=(says, Fluent()), weights=(2.0, 1.0)).reward(ASKED, "a") == 3.0
    assert scorer_of(LengthJudgeH8())(asked, ["aa", "aaaa", ""]) == [2.0, 4.0, 3.0]
    with pytest.raises(ModelError, match="none of the replies"):
        scorer_of(LengthJudgeH8())(asked, ["", "", ""])
    with pytest.raises(SpecError, match="gives no reward"):
        scorer_of(DoctorTalkH8())


def test_the_best_of_several_is_the_one_of_highest_reward() -> None:
    asked = [Asked("1", ASKED), Asked("2", ASKED)]
    best = best_of([["b", "a", "aa"], ["c", "d"]], asked, scorer_of(Says(pattern="a")))
    assert best.replies == ["a", "c"]
    assert best.rewards == [1.0, 0.0]
    assert best.mean == pytest.approx(2 / 5)


def test_a_prompt_is_on_one_side_and_test_prompts_are_refused() -> None:
    rows = preferences_of(RulePreferences(rule=Fluent(), data=InventedTalks()))
    kept, held = split_by_prompt(rows, 0.3)
    assert kept
    assert held
    assert not {row.prompt for row in kept} & {row.prompt for row in held}
    with pytest.raises(DataError, match="have a prompt of the rows to test on"):
        refuse_seen(rows, [held[0].prompt])
    refuse_seen(kept, [row.prompt for row in held])


def test_signs_of_collapse_are_named() -> None:
    good = {"entropy": 1.0, "repetition": 0.0, "length": 10.0, "different": 1.0, "empty": 0.0}
    assert collapsed([good] * 10) == ()
    for name, value in (("entropy", 0.01), ("entropy", 3.0), ("repetition", 0.5), ("length", 30.0), ("length", 1.0),
                        ("different", 0.1), ("empty", 0.9)):  # fmt: skip
        found = collapsed([good] * 5 + [{**good, name: value}] * 5)
        assert len(found) == 1, name
        assert name in found[0]
    assert repetition("a b c a b c") == pytest.approx(0.25)
    assert writing(["a", "a", ""], [2, 2, 1]) == {
        "length": pytest.approx(5 / 3),
        "repetition": 0.0,
        "different": pytest.approx(2 / 3),
        "empty": pytest.approx(1 / 3),
    }


def test_a_reply_of_every_kind_can_be_written() -> None:
    from osler.data.generated.invented_clinic import clinic

    disease = clinic(1)[0]
    assert str(disease.dose) in reply("explain", disease)
    assert repetition(reply("stammer", disease), 2) > 0.3
