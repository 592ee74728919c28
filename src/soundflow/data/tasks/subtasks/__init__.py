"""Builders of the 28 sub-tasks: clips and texts in, a script out. All chance comes from the generator given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from soundflow.data.tasks.material import Material
from soundflow.data.tasks.script import Script
from soundflow.data.tasks.subtasks import agent, asr, chat, intervention, music, translation, understanding

Builder = Callable[[Material, np.random.Generator], Script]

BUILDERS: Mapping[str, Builder] = {
    "asr_read_speech_en": asr.read_speech_en,
    "asr_in_the_wild_en": asr.in_the_wild_en,
    "asr_parliament_en": asr.parliament_en,
    "asr_multilingual": asr.multilingual,
    "asr_mandarin": asr.mandarin,
    "s2tt_en_zh": translation.offline_en_zh,
    "s2tt_zh_en": translation.offline_zh_en,
    "simultaneous_en_zh": translation.simultaneous_en_zh,
    "simultaneous_zh_en": translation.simultaneous_zh_en,
    "multi_turn_dialogue": chat.multi_turn_dialogue,
    "factual_spoken_qa": chat.factual_spoken_qa,
    "audio_grounded_chat": chat.audio_grounded_chat,
    "emotional_chat": chat.emotional_chat,
    "history_review": chat.history_review,
    "audio_qa_open": understanding.audio_qa_open,
    "audio_qa_choice": understanding.audio_qa_choice,
    "audio_description": understanding.audio_description,
    "event_narration": understanding.event_narration,
    "event_counting": understanding.event_counting,
    "speech_emotion_recognition": understanding.speech_emotion_recognition,
    "music_qa_open": music.music_qa_open,
    "music_qa_choice": music.music_qa_choice,
    "music_in_conversation": music.music_in_conversation,
    "safety_alert": intervention.safety_alert,
    "health_and_comfort": intervention.health_and_comfort,
    "equipment_warning": intervention.equipment_warning,
    "keep_silent": intervention.keep_silent,
    "environment_aware_assistance": agent.environment_aware_assistance,
}
