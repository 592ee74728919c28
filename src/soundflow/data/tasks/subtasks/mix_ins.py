"""Stage 4's mix-ins: a review of what was heard, a sound that calls for nothing, a sound that calls for a word.

Source: paper, appendix "Streaming Training"; p_hr 0.30, p_sil 0.40, p_pro 0.30. Tests:
tests/data/build/test_stream.py.
"""

from __future__ import annotations

import numpy as np

from soundflow.data.tasks.material import Material, pick, spoken
from soundflow.data.tasks.registry import CAPABILITIES
from soundflow.data.tasks.script import Script
from soundflow.data.tasks.standing import is_urgent
from soundflow.data.tasks.subtasks.chat import ROUNDS_BACK
from soundflow.data.tasks.subtasks.intervention import advised
from soundflow.data.tasks.subtasks.words import at_end
from soundflow.errors import InputError

# Where every sound is spoken of, or one is asked about, another one would make the answers wrong.
WITHOUT = frozenset(CAPABILITIES["streaming_audio_understanding"]) | {"history_review", "audio_grounded_chat"}


def mix_in(
    script: Script, sub_task: str, material: Material, rng: np.random.Generator, chances: tuple[float, float, float]
) -> Script:
    """Add what the chances (review, silence, proactive) ask for; a part that no clip is there for is left out."""
    review, silent, proactive = (float(rng.random()) < chance for chance in chances)
    if not script.parts or sub_task in WITHOUT:
        return script
    if silent:
        script = _inserted(script, material, rng, material.fitting(script.place, material.harmless), "silence")
    if proactive and sub_task != "keep_silent":
        script = _inserted(script, material, rng, _urgent(material), "proactive")
    if review and sub_task != "keep_silent":
        script = _reviewed(script, material, rng)
    return script


def _inserted(
    script: Script, material: Material, rng: np.random.Generator, labels: tuple[str, ...], note: str
) -> Script:
    """One event between the parts; a hazard is answered whatever was asked for."""
    try:
        part = material.event(rng, labels)
    except InputError:
        return script
    if note == "proactive":
        part = advised(part, material, rng)
    return script.with_part(int(rng.integers(len(script.parts) + 1)), part, note)


def _reviewed(script: Script, material: Material, rng: np.random.Generator) -> Script:
    """A spoken question at the end about a sound at least three rounds back; needs a voice to ask with."""
    asking = [clips["0"] for _, clips in material.voiced("probes-first")]
    rounds = [part for part in script.parts if part.role == "foreground"]
    if not asking or len(rounds) < ROUNDS_BACK + 1 or rounds[0].clip.kind != "event":
        return script
    noun = material.phrases(rounds[0].clip.label).noun
    probe = spoken(pick(rng, asking), choice=at_end(f"The first sound was {noun}."))
    return script.with_part(len(script.parts), probe, "history_review")


def _urgent(material: Material) -> tuple[str, ...]:
    """Labels that are answered under any instruction."""
    return material.labels_where(lambda clip: is_urgent(clip, material.phrases))
