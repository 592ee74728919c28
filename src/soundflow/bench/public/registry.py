"""The benchmarks by name: how each is loaded, run and scored. Tests: tests/bench/public/test_registry.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from soundflow.bench.judge import Judge
from soundflow.bench.provenance import Provenance
from soundflow.bench.public import alpacaeval, covost2, librispeech, llama_questions, mmau, sd_qa, web_questions
from soundflow.bench.public.items import Hear, Item
from soundflow.bench.rows import Answers
from soundflow.errors import InputError, UsageError


@dataclass(frozen=True)
class Means:
    """What some scorers need: a judge, where its verdicts are kept, and PEDANT's classifier."""

    judge: Judge
    verdicts: Path
    pedant: Path | None = None


@dataclass(frozen=True)
class Benchmark:
    """One benchmark; `hub` is the data set on the hub that has the layout `load` reads."""

    load: Callable[[Path], tuple[Item, ...]]
    run: Callable[[Hear, Sequence[Item], Path, Provenance], Iterator[Item]]
    score: Callable[[Sequence[Item], Answers, Means], dict[str, Any]]
    hub: str | None = None

    def items(self, folder: Path) -> tuple[Item, ...]:
        """Its items in a folder with the published files.

        Raises:
            InputError: there is none (`bench.items`), or a file is not as published.
        """
        found = self.load(folder)
        if not found:
            raise InputError("bench.items", f"{folder} holds no item of the benchmark", "see its layout")
        return found


def benchmark(name: str) -> Benchmark:
    """A benchmark by name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in BENCHMARKS:
        raise UsageError("bench.name", f"there is no benchmark {name!r}", f"one of {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]


def _librispeech(split: librispeech.Split) -> Benchmark:
    return Benchmark(partial(librispeech.load, split=split), librispeech.run, lambda i, a, m: librispeech.score(i, a))


def _covost2(direction: covost2.Direction) -> Benchmark:
    return Benchmark(
        partial(covost2.load, direction=direction),
        lambda hear, items, out, about: covost2.run(hear, items, out, direction, about),
        lambda i, a, m: covost2.score(i, a, direction),
    )


def _sd_qa_score(items: Sequence[Item], answers: Answers, means: Means) -> dict[str, Any]:
    if means.pedant is None:
        raise UsageError("bench.pedant", "sd_qa needs PEDANT's classifier", "give --pedant FILE.npz")
    return sd_qa.score(items, answers, means.judge, means.verdicts, means.pedant)


BENCHMARKS: Mapping[str, Benchmark] = {
    "mmau": Benchmark(mmau.load, mmau.run, lambda i, a, m: mmau.score(i, a)),
    "mmau_spoken": Benchmark(mmau.load_spoken, mmau.run, lambda i, a, m: mmau.score(i, a)),
    "alpacaeval": Benchmark(
        alpacaeval.load,
        alpacaeval.run,
        lambda i, a, m: alpacaeval.score(i, a, m.judge, m.verdicts),
        "hlt-lab/voicebench",
    ),
    "sd_qa": Benchmark(sd_qa.load, sd_qa.run, _sd_qa_score, "hlt-lab/voicebench"),
    "llama_questions": Benchmark(
        llama_questions.load,
        llama_questions.run,
        lambda i, a, m: llama_questions.score(i, a),
    ),
    "web_questions": Benchmark(
        web_questions.load,
        web_questions.run,
        lambda i, a, m: web_questions.score(i, a),
    ),
    "librispeech_clean": _librispeech("test-clean"),
    "librispeech_other": _librispeech("test-other"),
    "covost2_en_zh": _covost2("en_zh"),
    "covost2_zh_en": _covost2("zh_en"),
}
