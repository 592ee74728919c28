"""Measure what the FIFO schedule is worth: first text, stalls and resuming, against two baselines.

    python benchmarks/fifo.py --streams 1000 --seed 1 --out fifo.json

Two cost tables: nano, timed on this machine first (CPU time of one thread), and the 3B shape at a tenth of what it
takes on a 2-core CPU. Time is simulated, so that the schedules are compared exactly and the machine's mood does not
matter.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from soundflow.bench.fifo import POLICIES, compare, draw_dialogue, draw_scenario, rows_table
from soundflow.model.bundle import Bundle
from soundflow.model.config import nano
from soundflow.model.network import AudioInteractionModel, initialise
from soundflow.model.quantize import int8_bundle, int8_supported
from soundflow.model.tokens import TextTokenizer, own_control_tokens
from soundflow.stream.clock import CostTable
from soundflow.stream.decoding import Decoding
from soundflow.stream.fifo import TEXT_STEP, Flush
from soundflow.stream.perception import Perception

REPLIES = Path(__file__).resolve().parents[1] / "src/soundflow/data/tasks/replies.json"
MOST_TOKENS = 60  # longer replies are left out
TOKENS_PER_WORD = 1.4  # where no tokenizer is at hand; chosen
FLUSHES = (1, 2, 4, 8)  # chunks timed together
REPEATS = 100  # timings of each kind of step; the median counts

# The paper's figures, on its own terms: (measure, ratio of the baseline to FIFO or value, what it says)
PAPER = {
    "first_text_ms": "831 / 392 ms = 2.12",
    "stall_percent": "5.2 -> 0.0",
    "resume_ms": "4.5",
}
# 11.1 / 35.3 / 31.5 ms: encoder, 13-row decision, text token of the 3B shape in float32 on two CPU cores, over ten
BIG = rows_table("3b shape, a tenth of two CPU cores", 11.1, 13, 31.5, 35.3)


def reply_texts() -> list[str]:
    """The replies nano is trained on: advice, and the sentence that narrates a sound."""
    sounds = json.loads(REPLIES.read_text(encoding="utf-8"))
    texts = [text for sound in sounds.values() for text in sound["replies"]]
    return texts + [f"{sound['clause'].capitalize()}." for sound in sounds.values()]


def reply_tokens(tokenizer: TextTokenizer | None) -> list[int]:
    """Lengths of the replies in tokens, those over the limit left out."""

    def count(text: str) -> int:
        return round(TOKENS_PER_WORD * len(text.split())) if tokenizer is None else len(tokenizer.encode(text))

    return [n for n in map(count, reply_texts()) if 0 < n <= MOST_TOKENS]


def load_bundle(folder: Path | None) -> tuple[Bundle, bool]:
    """The given model, or random weights in nano's shape, which take as long; and whether it is a trained one."""
    if folder is not None:
        from soundflow.model.checkpoint.ours import load_folder

        return load_folder(folder), True
    tokenizer = TextTokenizer.train(reply_texts(), 2000)
    network = AudioInteractionModel(nano(tokenizer.vocab_size, own_control_tokens()))
    initialise(network, torch.Generator().manual_seed(0))
    network.eval().requires_grad_(False)
    return Bundle(network, tokenizer, network.config, "nano, random weights"), False


def timed(step: Callable[[], object]) -> float:
    """Median CPU milliseconds of a step: one thread, so wall time on a quiet machine, and a busy one changes little."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        step()
        taken.append(1e3 * (time.process_time() - start))
    return statistics.median(taken)


def calibrate(bundle: Bundle) -> CostTable:
    """Time one model's three kinds of work on this machine, with a full window."""
    if int8_supported():
        bundle = int8_bundle(bundle)
    size = bundle.config.chunk_samples
    sound = (0.1 * np.random.default_rng(0).standard_normal(size * bundle.config.max_chunks)).astype(np.float32)
    perception = Perception(bundle)
    chunks = [c for piece in perception.pieces(sound) for c in perception.hear(piece, 0.0)]
    encode_ms = timed(lambda: perception.hear(sound[:size], 0.0))
    decoding = Decoding(bundle, None, 1.0, bundle.config.max_reply_tokens)
    for chunk in chunks:
        decoding.run(Flush((chunk,)))
    flushes = [Flush(tuple(chunks[:k])) for k in FLUSHES]
    decisions = tuple((len(f.chunks), timed(partial(decoding.run, f))) for f in flushes)
    return CostTable(f"{bundle.name}, this machine", encode_ms, decisions, _text_ms(decoding, chunks[0]))


def _text_ms(decoding: Decoding, chunk: Any) -> float:
    decoding.threshold = 0.0
    taken: list[float] = []
    while len(taken) < REPEATS:
        decoding.run(Flush((chunk,)))
        reason = None
        while reason is None:
            start = time.process_time()
            outcome = decoding.run(TEXT_STEP)
            taken.append(1e3 * (time.process_time() - start))
            reason = getattr(outcome, "reason", "eos")
    return statistics.median(taken)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything that is measured, as one object."""
    bundle, is_trained = load_bundle(arguments.model)
    tokens = reply_tokens(bundle.tokenizer if is_trained else None)
    rng = np.random.default_rng([arguments.seed, 0])
    streams = {
        "half of the sounds answered": [draw_scenario(rng, tokens, 0.5) for _ in range(arguments.streams)],
        "every sound answered": [draw_scenario(rng, tokens, 1.0) for _ in range(arguments.streams)],
        "every sound answered, 60 tokens": [draw_scenario(rng, [MOST_TOKENS], 1.0) for _ in range(arguments.streams)],
        "dialogue: a call every 1.2 to 3.2 s, 20 to 60 tokens": [draw_dialogue(rng) for _ in range(arguments.streams)],
    }
    results = [
        {"costs": costs.to_dict(), "streams": name, "measures": compare(scenarios, costs, arguments.seed)}
        for costs in (calibrate(bundle), BIG)
        for name, scenarios in streams.items()
    ]
    return {
        "command": " ".join(sys.argv),
        "machine": f"{platform.machine()}, {platform.system()}, torch {torch.__version__}, 1 thread",
        "seed": arguments.seed,
        "streams": arguments.streams,
        "tokens": {
            "counted_with": "the model's tokenizer" if is_trained else f"{TOKENS_PER_WORD} a word",
            "median": statistics.median(tokens),
            "most": max(tokens),
        },
        "results": results,
    }


def show(report: dict[str, Any]) -> None:
    """Print the report as tables."""
    tokens = report["tokens"]
    print(f"{report['streams']} streams a row, seed {report['seed']}, {report['machine']}")
    print(f"reply tokens ({tokens['counted_with']}): median {tokens['median']}, most {tokens['most']}")
    for result in report["results"]:
        costs = result["costs"]
        print(f"\n{costs['name']} - {result['streams']}")
        print(
            f"  encode {costs['encode_ms']:.2f} ms, decision {costs['decision_ms'][0][1]:.2f} ms (1 chunk), "
            f"{costs['decision_ms'][1][1]:.2f} ms (2), text token {costs['text_token_ms']:.2f} ms"
        )
        for name, row in result["measures"].items():
            values = "  ".join(f"{policy} {_cell(row[policy])}" for policy in POLICIES)
            over = "  ".join(f"{k.removesuffix('_over_fifo')}/fifo {_cell(v)}" for k, v in row.items() if "_over_" in k)
            paper = f"  (paper: {PAPER[name]})" if name in PAPER else ""
            print(f"  {name:17} {values}  n {row['count']}\n  {'':17} {over}{paper}")


def _cell(rate: dict[str, float]) -> str:
    return f"{rate['value']:.2f} [{rate['low']:.2f}, {rate['high']:.2f}]"


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="folder of a trained model; default: random weights, same shape")
    parser.add_argument("--streams", type=int, default=1000, help="streams per kind (default 1000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the report as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report = run(arguments)
    show(report)
    if arguments.out is not None:
        temporary = arguments.out.with_suffix(".tmp")
        temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        temporary.replace(arguments.out)


if __name__ == "__main__":
    main()
