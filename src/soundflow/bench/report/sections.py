"""From the objects that `bench … --json` prints to sections of a report. Tests: tests/bench/report/test_sections.py.

Each kind of result has one function here, found by its `benchmark` field. A figure that is missing becomes a dash, so
that a report of an older result still says the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from soundflow.bench.capabilities.table import capabilities_tables
from soundflow.bench.report.document import Plot, Section, Series, Table, bare, number, percent
from soundflow.bench.report.paper import claim, paper_table
from soundflow.bench.report.told import UNTOLD, is_number, told
from soundflow.errors import InputError

Result = Mapping[str, Any]
_FIVE = ("balanced_accuracy", "trigger_accuracy", "recall", "specificity", "named")
_PROACTIVE = ("decision_accuracy", "matched_accuracy", "balanced_accuracy", "recall", "specificity")
_MACROS = {  # the paper's short names
    "human": "Human Sound Signals",
    "daily": "Daily Living Sounds",
    "equipment": "Equipment",
    "traffic": "Traffic",
    "nature": "Nature & Environment",
    "music": "Music",
}
_ORIGIN = ("command", "model", "threshold", "split", "seed", "streams", "hours", "items", "machine")
_PUBLIC = {  # columns of the paper's tables by the names of `bench run`; figures as the scorers name them
    "mmau": ("mmau", "text_avg", "accuracy"),
    "mmau_spoken": ("mmau", "audio_avg", "accuracy"),
    "llama_questions": ("dialogue", "llama_questions", "accuracy"),
    "web_questions": ("dialogue", "web_questions", "accuracy"),
    "alpacaeval": ("dialogue", "alpacaeval", "grade"),
    "sd_qa": ("dialogue", "sd_qa", "score"),
    "librispeech_clean": ("asr_s2tt", "librispeech_clean_wer", "wer"),
    "librispeech_other": ("asr_s2tt", "librispeech_other_wer", "wer"),
    "covost2_en_zh": ("asr_s2tt", "covost2_en_zh_bleu", "bleu"),
    "covost2_zh_en": ("asr_s2tt", "covost2_zh_en_bleu", "bleu"),
}


def section(result: Result) -> Section:
    """The section of one result.

    Raises:
        InputError: it is no result of a bench that has a section (`report.result`), or not such a one (`report.shape`).
    """
    name = str(result.get("benchmark"))
    make = _SECTIONS.get(name, _public if name in _PUBLIC else None)
    if make is None:
        known = ", ".join((*_SECTIONS, *_PUBLIC))
        raise InputError("report.result", f"no section for a result of benchmark {name!r}", f"known: {known}")
    try:
        return make(told(result))
    except (TypeError, ValueError, AttributeError, LookupError) as error:  # the file may hold anything
        hint = "give the object that it printed with --json"
        raise InputError("report.shape", f"no result of `bench {name}`: {error}", hint) from error


def _trigger(result: Result) -> Section:
    rows = [(str(result["model"]), *(percent(result[name]) for name in _FIVE))]
    rows += [(_plain(name), *(bare(row[f]["value"]) for f in _FIVE)) for name, row in result["trivial"].items()]
    systems = _table("in percent, with 95 % bounds by recording", ("system", *map(_plain, _FIVE)), rows, 1)
    others = {name: row.get("stray_per_hour_by_kind") for name, row in result["trivial"].items()}
    listening = {name: kinds for name, kinds in others.items() if kinds}
    stray = [
        (kind, number(row), *(number(kinds.get(kind)) for kinds in listening.values()))
        for kind, row in result["stray_per_hour"].items()
    ]
    heads = ("sound", str(result["model"]), *map(_plain, listening))
    quiet = _table("stray replies an hour where nothing calls for a word", heads, stray)
    labels = [
        (label, row["decision"], str(row["n"]), percent(row["rate"]), bare(row["named"]["value"]))
        for label, row in result["per_label"].items()
    ]
    each = _table("by label", ("label", "due", "events", "right", "named"), labels)
    tables = (systems, quiet, each, paper_table("data"), paper_table("lambda"))
    if result["benchmark"] == "mini":
        title = "bench mini: what comes with the package"
        return Section(title, (str(result["note"]),), (systems, quiet, each), (), _origin(result))
    words = ("Speaks at the right sounds, and only there? The paper's trigger accuracies are of other, unnamed sets.",)
    return Section("Trigger accuracy", (*words, claim("trigger_real")), tables, (), _origin(result))


def _house(result: Result) -> Section:
    rows = []
    for name, row in {str(result["model"]): result, **result["trivial"]}.items():
        rows.append(
            (
                _plain(name),
                f"{row['hits']} of {row['events_that_matter']}",
                percent(row["recall"]),
                f"{row['hits_in_last_minute']} of {row['events_in_last_minute']}",
                bare(row["seconds_to_first_word"]["median"], 1.0),
                percent(row["specificity"]),
                number(row["false_per_hour"]["all"]),
            )
        )
    heads = ("system", "hits", "hits, %", "last minute", "s to first word", "left alone, %", "false an hour")
    systems = _table("what mattered, how soon, and what else was said", heads, rows, 1)
    sources = [
        (name, str(row["replies"]), f"{row['hours']:.2f}", number(row))
        for name, row in result["false_per_hour"].items()
    ]
    false = _table("false replies by what sounded", ("source", "replies", "hours of it", "an hour of it"), sources)
    memory = tuple((5.0 * (place + 1), mb) for place, mb in enumerate(result.get("resident_mb", ())))
    plots = (Plot("memory held", "minutes of stream", "MiB", (Series("memory", memory),)),) if memory else ()
    words = (
        f"{result['minutes']:g} minutes composed from recordings of split {result['split']}: television, music, a "
        "quiet room, benign sounds, and sounds that matter up to the last minute; real FIFO path, simulated clock.",
    )
    return Section(f"An hour in a house, seed {result['seed']}", words, (systems, false), plots, _origin(result))


def _proactive(result: Result) -> Section:
    name = f"{result.get('model', 'the file')}, {result['tier']}"
    ours = _paper_rows(name, {str(result["tier"]): result})
    tables = (*_tier_tables(result), paper_table("proactive", [ours]))
    return Section("Proactive-Sound-Bench", (_matched_by(result),), tables, (_match_plot(result),), _origin(result))


def _proactive_set(result: Result) -> Section:
    tiers: Mapping[str, Result] = result["tiers"]
    first = next(iter(tiers.values()), UNTOLD)
    ours = [_paper_rows(f"{result['model']} on our recordings", tiers)]
    ours += [
        _paper_rows(f"{_plain(who)} on our recordings", {tier: row["trivial"][who] for tier, row in tiers.items()})
        for who in first["trivial"]
    ]
    tables = [table for tier in tiers.values() for table in _tier_tables(tier)]
    lacking = ", ".join(result["missing"]) or ("none" if "missing" in result else "–")
    words = (
        f"{result['items']} real recordings in {result['macro']} of 6 and {result['meso']} of 17 categories (without "
        f"one: {lacking}), not the released items: the paper's rows beside them are of other sounds.",
        _matched_by(first),
    )
    plots = tuple(_match_plot(tier) for tier in tiers.values())
    tables.append(paper_table("proactive", ours))
    return Section("Proactive sounds, our recordings", words, tuple(tables), plots, _origin(result))


def _tier_tables(result: Result) -> list[Table]:
    rows = [(str(result.get("model", "the file")), *(percent(result[name]) for name in _PROACTIVE))]
    rows += [(_plain(who), *(bare(row[f]["value"]) for f in _PROACTIVE)) for who, row in result["trivial"].items()]
    systems = _table(f"tier {result['tier']}, in percent", ("system", *map(_plain, _PROACTIVE)), rows, 1)
    groups = [
        (name, str(row["items"]), str(row["respond"]), *(percent(row[figure]) for figure in _PROACTIVE))
        for name, row in (*result["by_macro"].items(), *result["by_meso"].items())
    ]
    heads = ("category", "items", "respond", *map(_plain, _PROACTIVE))
    return [systems, _table(f"tier {result['tier']}, by category", heads, groups)]


def _paper_rows(model: str, tiers: Mapping[str, Result]) -> dict[str, str]:
    """A row of the paper's table from tiers; a category's value is a number or a group with one."""
    cells = {"model": model}
    for tier, row in tiers.items():
        short = "single" if tier == "single" else "multi"
        for column, macro in _MACROS.items():
            found = row["by_macro"].get(macro)
            value = found["decision_accuracy"]["value"] if isinstance(found, Mapping) else found
            cells[f"{column}_{short}"] = bare(value)
        cells[f"avg_{short}"] = bare(row["decision_accuracy"]["value"])
    return cells


def _matched_by(result: Result) -> str:
    matcher = result["matcher"]
    return f"Replies are matched by {matcher['name']}; a score above {matcher['threshold']:g} counts."


def _match_plot(result: Result) -> Plot:
    sweep = [(row["threshold"], row["matched_accuracy"]) for row in result["matcher"]["sweep"]]
    points = tuple((x, 100 * y) for x, y in sweep if is_number(x) and is_number(y))
    decided = result["decision_accuracy"]["value"]
    flat = tuple((x, 100 * decided) for x, _ in points) if is_number(decided) else ()
    lines = (Series("matched", points), Series("decision", flat))
    return Plot(f"accuracy over the matching threshold, {result['tier']}", "threshold", "percent", lines)


def _calibrate(result: Result) -> Section:
    curve: Sequence[Result] = result["curve"]
    ordered = sorted(curve, key=lambda p: (p["false_per_hour"]["value"] or 0.0, p["recall"]["value"] or 0.0))
    points = tuple((p["false_per_hour"]["value"] or 0.0, 100 * (p["recall"]["value"] or 0.0)) for p in ordered)
    bounds = tuple((100 * (p["recall"]["low"] or 0.0), 100 * (p["recall"]["high"] or 0.0)) for p in ordered)
    chosen = result["chosen"]
    at = ((chosen["false_per_hour"]["value"] or 0.0, 100 * (chosen["recall"]["value"] or 0.0)),)
    plot = Plot(
        "operating curve: recall against false replies an hour over the threshold",
        "false replies an hour",
        "recall, percent",
        (Series("thresholds", points, bounds), Series(f"chosen: {chosen['threshold']:g}", at, is_line=False)),
    )
    rows = [
        (f"{p['threshold']:g}", percent(p["recall"]), percent(p["specificity"]), number(p["false_per_hour"]))
        for p in curve
    ]
    places = [i for i, p in enumerate(curve) if p["threshold"] == chosen["threshold"]][:1]
    heads = ("threshold", "recall", "specificity", "false an hour")
    table = Table("on valid; the marked one was chosen", heads, tuple(rows), frozenset(places))
    words = (f"At most {result['wanted_false_per_hour']:g} false replies an hour were wanted.",)
    return Section("Operating curve", words, (table,), (plot,), _origin(result))


def _latency(result: Result) -> Section:
    rows = [
        (
            row["clock"],
            row["schedule"],
            *(number(row[part]) for part in ("policy", "queue", "compute", "first_text")),
            bare(row["stalled_percent"], 1.0),
        )
        for row in result["rows"]
    ]
    heads = ("clock", "schedule", "policy, s", "queue, ms", "compute, ms", "first text, ms", "stalled, %")
    split = _table("from a sound's onset to the first word: means with 95 % bounds by stream", heads, rows)
    chunks = [
        (f"{row['chunk_seconds']:g}", *(number(row[part]) for part in ("policy", "queue", "compute")), "schedule alone")
        for row in result.get("chunk_size", ())
    ]
    sizes = _table("chunk size", ("chunk, s", "policy, s", "queue, ms", "compute, ms", "what it is"), chunks)
    ours = [
        {
            "setting": f"{row['schedule']}, {row['clock']}",
            "avg_first_chunk_latency_ms": bare(row["first_text"]["value"], 1.0),
            "stall_percent": bare(row["stalled_percent"], 1.0),
        }
        for row in result["rows"]
    ]
    tables = (split, *((sizes,) if chunks else ()), paper_table("fifo", ours), paper_table("chunk"))
    return Section("First word: policy, queue, compute", tuple(result["notes"]), tables, (), _origin(result))


def _concatenation(result: Result) -> Section:
    rows = [
        (
            str(row["n"]),
            percent(row["share"]) if "share" in row else bare(row["figure"], 1.0),
            bare(row["retention"]),
            number(row.get("first_text_ms")),
        )
        for row in result["lengths"]
    ]
    heads = ("items a stream", "figure, %", "kept, %", "first text, ms")
    kept_of = [(r["n"], r["retention"]) for r in result["lengths"]]
    kept = tuple((float(n), 100 * share) for n, share in kept_of if is_number(n) and is_number(share))
    plots = (Plot("share of the score that is kept", "items a stream", "percent", (Series("kept", kept),)),)
    table = _table("the same items alone and joined", heads, rows)
    return Section("Concatenation", (claim("retention"), claim("baseline_loss")), (table,), plots, _origin(result))


def _scenarios(result: Result) -> Section:
    rows = [
        (
            name,
            f"{row['hours']:.2f}",
            number(row["replies_per_hour"]),
            percent(row["silence_rate"]),
            "–" if row["correlation"] is None else f"{row['correlation']:.2f}",
        )
        for name, row in result["scenarios"].items()
    ]
    heads = ("scenario", "hours", "replies an hour", "silent, %", "correlation")
    table = _table("real recordings", heads, rows)
    return Section("Real-world scenarios", (claim("silence_correlation"),), (table,), (), _origin(result))


def _capabilities(result: Result) -> Section:
    words: tuple[str, ...] = (
        f"All sub-tasks of corpus {result['corpus']}: was the right thing said at the right time? Each has a rule of "
        "words of its own; commonest is its commonest reference, said at every right moment.",
    )
    left_out = len(result.get("unsound") or ())
    if left_out:
        words += (f"{left_out} items were left out: the sound their reference speaks of is not in the stream.",)
    return Section("All seven capabilities", words, tuple(capabilities_tables(result)), (), _origin(result))


def _compare(result: Result) -> Section:
    rows = [
        (name, str(row["pairs"]), bare(row["a"]), bare(row["b"]), percent(row["difference"]), f"{row['p_value']:.3g}")
        for name, row in result["groups"].items()
    ]
    heads = ("events", "pairs", "A right, %", "B right, %", "B – A, points", "p (McNemar)")
    words = (f"A: {result['a']}. B: {result['b']}. The same events, judged in pairs.",)
    return Section("Comparison", words, (_table("paired", heads, rows),), (), _origin(result))


def _public(result: Result) -> Section:
    name = str(result["benchmark"])
    table, column, figure = _PUBLIC[name]
    scale = 100.0 if figure == "wer" else 1.0
    ours = {"model": str(result.get("model") or "the file"), column: bare(result.get(figure), scale)}
    missing, empty = len(result.get("missing", ())), len(result.get("empty", ()))
    words: tuple[str, ...] = (
        f"{result.get('items', '?')} items, {missing} without an answer and {empty} empty, all counted as wrong.",
    )
    if "bounds" in result:
        within = (percent if figure == "wer" else number)(result["bounds"])
        nothing = bare(result["trivial"]["always_empty"][figure], scale)
        words += (f"{figure}: {within}, 95 % bounds by item; {nothing} for an empty answer to every item.",)
    return Section(_plain(name), words, (paper_table(table, [ours]),), (), _origin(result))  # type: ignore[arg-type]


_SECTIONS: Mapping[str, Callable[[Result], Section]] = {
    "trigger": _trigger,
    "mini": _trigger,
    "house": _house,
    "proactive": _proactive,
    "proactive_set": _proactive_set,
    "calibrate": _calibrate,
    "latency": _latency,
    "concatenation": _concatenation,
    "scenarios": _scenarios,
    "compare": _compare,
    "capabilities": _capabilities,
}


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], marked: int = 0) -> Table:
    return Table(caption, tuple(columns), tuple(tuple(map(str, row)) for row in rows), frozenset(range(marked)))


def _origin(result: Result) -> tuple[tuple[str, str], ...]:
    return tuple((name, _told(result[name])) for name in _ORIGIN if result.get(name) is not None)


def _told(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(name: str) -> str:
    return name.replace("_", " ")
