"""The 28 sub-tasks of the seven capabilities, by name. Knows nothing of how one is built.

The paper prints its list only inside a figure; the split of 28 is ours. Tests: tests/data/tasks/test_registry.py.
"""

from __future__ import annotations

from collections.abc import Mapping

CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "real_time_asr": (
        "asr_read_speech_en",
        "asr_in_the_wild_en",
        "asr_parliament_en",
        "asr_multilingual",
        "asr_mandarin",
    ),
    "streaming_translation": ("s2tt_en_zh", "s2tt_zh_en", "simultaneous_en_zh", "simultaneous_zh_en"),
    "voice_chatting": (
        "multi_turn_dialogue",
        "factual_spoken_qa",
        "audio_grounded_chat",
        "emotional_chat",
        "history_review",
    ),
    "streaming_audio_understanding": (
        "audio_qa_open",
        "audio_qa_choice",
        "audio_description",
        "event_narration",
        "event_counting",
        "speech_emotion_recognition",
    ),
    "following_music": ("music_qa_open", "music_qa_choice", "music_in_conversation"),
    "proactive_respond": ("safety_alert", "health_and_comfort", "equipment_warning", "keep_silent"),
    "audio_agent": ("environment_aware_assistance",),
}

SUB_TASKS: tuple[str, ...] = tuple(name for names in CAPABILITIES.values() for name in names)
SILENT_SUB_TASK = "keep_silent"
"""The one in which nothing is to be said."""

ASKED_ABOUT_A_RECORDING = frozenset({"audio_qa_open", "audio_qa_choice", "audio_description", "music_qa_choice"})
"""Sub-tasks whose question is about everything in a recording; the offline layout asks it about the whole."""

ASKED_ABOUT_A_CLIP = frozenset(
    {*CAPABILITIES["real_time_asr"], *CAPABILITIES["audio_agent"], "factual_spoken_qa", "music_qa_open"}
)
"""Sub-tasks that answer an utterance, a sound or a note by itself; the offline layout asks about that alone."""


def capability_of(sub_task: str) -> str:
    """The capability a sub-task belongs to; `other` for a name that is none of the 28."""
    return next((name for name, tasks in CAPABILITIES.items() if sub_task in tasks), "other")
