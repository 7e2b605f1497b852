"""How the verbs print for people: tables and sentences in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from osler.cli.printing import console, estimate, p_value, safe, table_of

WIDEST = 6  # metrics side by side


def plan(made: Any) -> None:
    data, total = made.json(), made.json()["totals"]
    console.print(f"[bold]{safe(data['question'])}[/bold]")
    console.print(
        f"{data['data']['n']:,} test cases, data hash {data['data']['hash'][:12]}; {safe(data['data']['overlap']['note'])}"
    )
    table = table_of("model", "system", "seed", "cell", "to do", "calls", "tokens", "USD")
    for row in data["cells"]:
        table.add_row(
            safe(row["model"]),
            safe(row["system"]),
            str(row["seed"]),
            row["id"][:8],
            f"{row['todo']:,}",
            f"{row['calls']:,}",
            f"{row['tokens']:,}",
            f"{row['usd']:.2f}",
        )
    console.print(table)
    console.print(f"at most {total['calls']:,} calls, {total['tokens']:,} tokens, {total['usd']:.2f} USD")
    for warning in data["warnings"]:
        console.print(f"[yellow]note:[/yellow] {safe(warning)}")


def outcome(found: Any) -> None:
    if not found.done and not found.stopped:
        console.print("Nothing to do: every answer is there already. No call was made.")
    else:
        console.print(
            f"{found.done:,} answers in {found.seconds:,.1f} s; {found.calls:,} calls, {found.cached:,} from the store, "
            f"{found.usd:.4f} USD, {found.failed:,} failed"
        )
    for said in found.short:
        console.print(f"[red]warning:[/red] {safe(said)}")
    for note in found.notes:
        console.print(f"[yellow]failure:[/yellow] {safe(note)}")
    if found.stopped:
        console.print(f"[red]stopped:[/red] {safe(found.stopped)}")


def results(found: Mapping[str, Any]) -> None:
    names = [*found["metrics"]]
    if len(names) > WIDEST:  # more columns than a window holds: metrics go down, systems across
        table = table_of("metric", *(safe(row["name"]) for row in found["systems"]))
        for name in names:
            about = found["metrics"][name]
            cells = (estimate(row["estimates"][name], about["unit"]) for row in found["systems"])
            table.add_row(safe(about["title"]), *cells)
        table.add_row("n", *(f"{row['n']:,}" for row in found["systems"]))
    else:
        table = table_of("system", "n", *(found["metrics"][name]["title"] for name in names))
        for row in found["systems"]:
            table.add_row(
                safe(row["name"]),
                f"{row['n']:,}",
                *(estimate(row["estimates"][name], found["metrics"][name]["unit"]) for name in names),
            )
    console.print(table)
    _people(found)
    if found["comparisons"]:
        console.print("Paired differences (second minus first), the same cases:")
    for row in found["comparisons"]:
        named = "" if row["metric"] == names[0] else f" {found['metrics'][row['metric']]['title']}:"
        part = f" [{row['subgroup']['field']} {row['subgroup']['value']}]" if row["subgroup"] else ""
        p = (
            ""
            if row["p"] is None
            else f", p {p_value(row['p'])}"
            + (f" (Holm {p_value(row['p_adjusted'])})" if row["p_adjusted"] is not None else "")
        )
        shown = _difference(row, found["metrics"][row["metric"]]["unit"]) + p
        console.print(
            f"  {safe(row['b'])} vs {safe(row['a'])}{safe(part)}:{safe(named)} {shown}; {safe(row['verdict'])}"
        )
    _published(found.get("published") or ())
    for warning in found.get("warnings", ()):
        console.print(f"[yellow]note:[/yellow] {safe(warning)}")


def _people(found: Mapping[str, Any]) -> None:
    """The measures that go best with each score of people; the report has all of them."""
    held = found.get("people")
    if not held or not held["fields"]:
        return
    table = table_of("people's score", "measure", "rank correlation (95 % interval)", "n")
    for field in held["fields"]:
        rows = [row for row in held["rows"] if row["field"] == field and row["spearman"]][:3]
        for place, row in enumerate(rows):
            title = found["metrics"].get(row["metric"], {}).get("title", row["metric"])
            told = estimate(row["spearman"], "")
            table.add_row(safe(field) if place == 0 else "", safe(title), told, f"{row['n']:,}")
    console.print(table)


def _difference(row: Mapping[str, Any], unit: str) -> str:
    """A difference in points of percent, or in the metric's own unit."""
    if row["difference"] is None:
        return "not estimable"
    scale, form, name = (100, "+.1f", "points") if unit == "share" else (1, "+.4g", unit)
    interval = "" if row["low"] is None else f" ({scale * row['low']:{form}} to {scale * row['high']:{form}})"
    return f"{scale * row['difference']:{form}} {name}".rstrip() + interval


def _published(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    table = table_of(
        "published",
        "set",
        "n",
        "published %",
        "its rule, here %",
        "ours %",
        "items that differ",
        title="Beside published figures",
    )
    for row in rows:
        rule = "" if row["rule"] is None else f"{100 * row['rule']:.2f}"
        table.add_row(
            safe(row["system"]),
            safe(row["group"]),
            f"{row['n']:,}",
            f"{100 * row['published']:.2f}",
            rule,
            f"{100 * row['ours']:.2f}",
            f"{len(row['items']):,}",
        )
    console.print(table)


def status(found: Mapping[str, Any]) -> None:
    from osler.study.status import picture

    console.print(safe(picture(dict(found))))
    table = table_of("system", "seed", "answers", "failed", "cell")
    for row in found["cells"]:
        table.add_row(
            safe(row["name"]), str(row["seed"]), f"{row['done']:,}/{row['n']:,}", f"{row['failed']:,}", row["cell"][:8]
        )
    console.print(table)
    spent = found["spent"]
    console.print(
        f"spent so far: {spent['calls']:,} calls, {spent['tokens']:,} tokens, {spent['usd']:.4f} USD; runs: {found['runs']}"
    )
    for failure in found["failures"]:
        console.print(f"[yellow]failure[/yellow] {failure['at']}: {safe(failure['kind'])}: {safe(failure['message'])}")


def case(found: Mapping[str, Any]) -> None:
    console.print(f"[bold]{safe(found['id'])}[/bold]  gold answer: {safe(found['target'])}")
    console.print(safe(str(dict(found["meta"]))))
    for answer in found["answers"]:
        mark = (
            "right"
            if answer["right"]
            else ("failed" if answer["failure"] else ("wrong" if answer["parsed"] else "unread"))
        )
        console.rule(safe(f"{answer['name']}, seed {answer['seed']}: {answer['answer']} ({mark})"), align="left")
        for call in answer["calls"]:
            for message in call["messages"]:
                console.print(f"[bold]{message['role']}[/bold]\n{safe(message['text'])}")
            console.print(f"[bold]reply[/bold] ({_put(call)})\n{safe(call['reply'])}")
        if answer["failure"]:
            console.print(f"failure: {safe(answer['failure'])}")
        if answer["votes"]:
            console.print("  ".join(f"{safe(label)} {share:.2f}" for label, share in answer["votes"].items()))
        if answer["evidence"] is not None:
            console.print(f"cited: {', '.join(answer['evidence']) or 'nothing'}")


def _put(call: Mapping[str, Any]) -> str:
    """Who was asked and how."""
    said = [str(call["model"]), f"{call['latency_s']:.3f} s"]
    if "temperature" in call:
        said.append(f"temperature {call['temperature']:g}, seed {call['seed']}, at most {call['max_tokens']:,} tokens")
    return safe(", ".join([*said, "scoring the choices"] if "scored" in call else said))


def listing(kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(kind)
    table.add_column("what it is")
    table.add_column("settings", overflow="fold")
    for row in rows:
        settings = ", ".join(f"{key}={value}" for key, value in row["settings"].items())
        table.add_row(row["name"], safe(row["what"]), safe(settings))
    console.print(table)


def experiment(found: Any) -> None:
    console.print(
        f"[bold]{safe(found.title)}[/bold]\n{safe(found.source)}\n\nWhat this means: {safe(found.plain)}\n\n{safe(found.setup)}\n"
    )
    for item in found.tables:
        table = table_of(*item.columns, title=item.title)
        for row in item.rows:
            table.add_row(*(safe(cell) for cell in row))
        console.print(table)
    for claim in found.claims:
        mark = {True: "[green]holds[/green]", False: "[red]does not hold[/red]", None: "not settled"}[claim.holds]
        console.print(f"{mark}: {safe(claim.text)}\n  {safe(claim.seen)}")
    if found.limits:
        console.print(f"\n[yellow]note:[/yellow] {safe(found.limits)}")


def bench(found: Mapping[str, Any]) -> None:
    table = table_of(
        "measure", "median", "low", "high", "unit", "n", title=f"{found['bench']} on {found['machine'].get('cpu', '')}"
    )
    for row in found["measures"]:
        table.add_row(
            safe(row["name"]),
            f"{row['value']:,.4g}",
            f"{row['low']:,.4g}",
            f"{row['high']:,.4g}",
            row["unit"],
            str(row["n"]),
        )
    console.print(table)
    for row in found["ratios"]:
        mark = "met" if row["value"] >= row["wish"] else "short"
        console.print(f"{safe(row['name'])}: {row['value']:.3g} (wish {row['wish']}: {mark})")
    for note in found.get("notes", ()):
        console.print(f"[yellow]note:[/yellow] {safe(note)}")
