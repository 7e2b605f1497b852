"""What a long run shows: rate, time left, cost and failures, in a pipe and in a terminal."""

from __future__ import annotations

import io
import re

import pytest

from osler.study.progress import Bar, Lines, Progress, Silent, _clock, progress


def work(show: Progress, cases: int = 20) -> None:
    with show as live:
        live.start(cases)
        live.note("training on 5 cases")
        for i in range(cases):
            live.advance(usd=0.01, failed=i == 3, calls=2)


def test_lines_tell_done_rate_cost_and_failures() -> None:
    stream = io.StringIO()
    work(Lines(stream, every_s=0.0))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "training on 5 cases"
    assert len(lines) >= 21
    pattern = r"20/20 cases, [\d,.]+/s, about 0 s left, 40 calls, 0\.2000 USD, 1 failed"
    assert re.fullmatch(pattern, lines[-1])


def test_lines_are_few_when_it_goes_fast() -> None:
    stream = io.StringIO()
    work(Lines(stream, every_s=60.0))
    assert len(stream.getvalue().splitlines()) == 2  # the note, and one line at the end


def test_nothing_done_shows_nothing() -> None:
    stream = io.StringIO()
    with Lines(stream) as live:
        live.start(0)
    assert stream.getvalue() == ""


def test_silence_and_pipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(progress(quiet=True), Silent)
    assert isinstance(progress(), Lines)  # a test has no terminal
    work(Silent())
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_the_bar_shows_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    work(Bar())
    told = capsys.readouterr()
    assert told.out == ""
    assert "20/20" in told.err
    assert "40 calls" in told.err


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (7260, "2 h 1 min")])
def test_times_are_told_in_words(seconds: float, said: str) -> None:
    assert _clock(seconds) == said
