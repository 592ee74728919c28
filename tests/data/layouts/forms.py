"""Tiny folders in each published form, with real sound files, as their archives unpack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

RATE = 16_000
VIDEO, PREFIXED = "0aBcDeFgH-1", "Y_bCdEfGhI2"  # the second id begins with a Y of its own


def sound(path: Path, seconds: float = 0.5, rate: int = RATE) -> Path:
    """A soft tone in a file, its format by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    kinds = {".ogg": ("OGG", "VORBIS"), ".opus": ("OGG", "OPUS"), ".mp3": ("MP3", None), ".flac": ("FLAC", None)}
    kind, subtype = kinds.get(path.suffix, ("WAV", None))
    soundfile.write(path, tone.astype(np.float32), rate, format=kind, subtype=subtype)
    return path


def text(path: Path, *lines: str) -> Path:
    """A text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def tabs(path: Path, *rows: str) -> Path:
    """A tab-separated file; columns are given with `|`."""
    return text(path, *(row.replace("|", "\t") for row in rows))


def own(folder: Path) -> Path:
    sound(folder / "a.wav")
    text(
        folder / "clips.jsonl",
        '{"id": "a", "path": "a.wav", "label": "siren", "licence": "CC0-1.0", "source": "x"}',
        '{"id": "b"}',
    )
    text(folder / "labels.json", '{"siren": {"proactive": true, "synonyms": ["alarm horn"]}}')
    return folder


def kinds(folder: Path) -> Path:
    sound(folder / "event" / "Kettle" / "on the stove.wav")
    sound(folder / "event" / "forgotten.wav")
    sound(folder / "music" / "jingle.ogg")
    sound(folder / "background" / "kitchen" / "evening.flac")
    sound(folder / "speech" / "hello.wav")
    text(folder / "licence.txt", "CC0-1.0", "By nobody.")
    text(folder / "music" / "licence.txt", "CC-BY-4.0")
    return folder


def esc50(folder: Path) -> Path:
    for name in ("1-100032-A-0", "5-9032-A-36"):
        sound(folder / "audio" / f"{name}.wav")
    text(
        folder / "meta" / "esc50.csv",
        "filename,fold,target,category,esc10,src_file,take",
        "1-100032-A-0.wav,1,0,dog,True,100032,A",
        "5-9032-A-36.wav,5,36,vacuum_cleaner,False,9032,A",
    )
    return folder


def audioset(folder: Path) -> Path:
    sound(folder / "audio" / f"{VIDEO}_30.wav")
    sound(folder / "audio" / f"Y{PREFIXED}.wav")
    sound(folder / "audio" / "unlisted_id.wav")
    header = (
        "# Segments csv created Sun Mar  5 10:54:31 2017",
        "# num_ytids=1",
        "# YTID, start_seconds, end_seconds, labels",
    )
    text(folder / "balanced_train_segments.csv", *header, f'{VIDEO}, 30.000, 40.000, "/m/07rn7sz,/m/09x0r"')
    text(
        folder / "eval_segments.csv",
        *header,
        f'{PREFIXED}, 0.000, 10.000, "/m/04rlf"',
        'gone4video5, 1.0, 2.0, "/m/04rlf"',
    )
    text(
        folder / "class_labels_indices.csv",
        "index,mid,display_name",
        '0,/m/07rn7sz,"Shatter, glass"',
        "1,/m/09x0r,Speech",
        "2,/m/04rlf,Music",
    )
    return folder


def common_voice(folder: Path) -> Path:
    columns = "client_id|path|sentence|up_votes|down_votes|age|gender|accents|locale|segment"
    rows = {
        "train": 'ann|common_voice_en_1.mp3|She said "hello.|2|0||||en|',
        "dev": "ben|common_voice_en_2.mp3|A second one.|2|0||||en|",
        "test": "cem|common_voice_en_3.mp3|A third one.|2|0||||en|",
    }
    for number in (1, 2, 3):
        sound(folder / "clips" / f"common_voice_en_{number}.mp3")
    for name, row in rows.items():
        tabs(folder / f"{name}.tsv", columns, row)
    tabs(folder / "validated.tsv", columns, *rows.values())
    return folder


def covost2(folder: Path) -> Path:
    common_voice(folder)
    tabs(
        folder / "covost_v2.en_zh-CN.tsv",
        "path|translation|split",
        "common_voice_en_1.mp3|她说“你好”。|train_covost",
        "common_voice_en_2.mp3|第二个。|dev",
        "common_voice_en_3.mp3|第三个。|test_covost",
        "common_voice_en_9.mp3|没有。|test",
    )
    return folder


def librispeech(folder: Path) -> Path:
    chapter = folder / "LibriSpeech" / "test-clean" / "1089" / "134686"
    for number in (0, 1):
        sound(chapter / f"1089-134686-000{number}.flac")
    text(
        chapter / "1089-134686.trans.txt",
        "1089-134686-0000 HE HOPED THERE WOULD BE STEW",
        "1089-134686-0001 STUFF IT INTO YOU",
        "1089-134686-0002",
    )
    return folder


def gigaspeech(folder: Path) -> Path:
    sound(folder / "audio" / "podcast" / "P0000" / "POD1.opus", 4.0, 48_000)
    segments = [
        {
            "sid": "POD1_S1",
            "speaker": "N/A",
            "begin_time": 0.5,
            "end_time": 2.0,
            "text_tn": "WELL <COMMA> YES <PERIOD>",
        },
        {"sid": "POD1_S2", "begin_time": 2.0, "end_time": 3.0, "text_tn": "<MUSIC>", "subsets": ["{XL}"]},
        {"sid": "POD1_S3", "begin_time": 3.0, "end_time": 2.0, "text_tn": "BACKWARDS"},
        {"sid": "POD1_S4", "begin_time": 3.0, "end_time": 99.0, "text_tn": "TOO FAR"},
    ]
    audio = {"aid": "POD1", "path": "audio/podcast/P0000/POD1.opus", "subsets": ["{DEV}"], "segments": segments}
    whole = {"dataset": "GigaSpeech", "version": "v1.0.0", "audios": [audio, {"aid": "POD2"}]}
    text(folder / "GigaSpeech.json", json.dumps(whole, indent=1))
    return folder


def voxpopuli(folder: Path) -> Path:
    place = folder / "transcribed_data" / "en"
    columns = "id|raw_text|normalized_text|speaker_id|split|gender|is_gold_transcript|accent"
    name = "20130114-0900-PLENARY-1-en_20130114-17:12:30_0"
    sound(place / "2013" / f"{name}.ogg")
    tabs(place / "asr_train.tsv", columns, f"{name}|Madam President.|madam president|1122|train|female|False|None")
    tabs(place / "asr_dev.tsv", columns, f"{name.replace('_0', '_1')}|||None|dev|female|False|None")
    return folder


def aishell(folder: Path) -> Path:
    place = folder / "data_aishell"
    sound(place / "wav" / "train" / "S0002" / "BAC009S0002W0122.wav")
    text(
        place / "transcript" / "aishell_transcript_v0.8.txt",
        "BAC009S0002W0122 而 对 楼市 成交 抑制",
        "BAC009S0999W0001 没有",
    )
    return folder


def fma(folder: Path) -> Path:
    sound(folder / "fma_small" / "000" / "000002.mp3", rate=44_100)
    sound(folder / "fma_small" / "000" / "000003.mp3", rate=44_100)
    text(
        folder / "fma_metadata" / "tracks.csv",
        ",artist,artist,set,track,track,track",
        ",id,name,split,genre_top,license,title",
        "track_id,,,,,,",
        "2,1,AWOL,validation,Hip-Hop,Attribution-NonCommercial-ShareAlike 3.0 International,Food",
    )
    return folder


def musan(folder: Path) -> Path:
    for part, collection in (("music", "fma"), ("noise", "free-sound"), ("speech", "librivox")):
        sound(folder / "musan" / part / collection / f"{part}-{collection}-0000.wav")
        text(folder / "musan" / part / collection / "LICENSE", "see each file")
    return folder


def wham(folder: Path) -> Path:
    place = folder / "wham_noise"
    columns = "utterance_id,Noise Band,File ID,L to R Width (cm),Reverberation Level,Location ID,Location Day ID"
    for part, band in (("tr", "3"), ("cv", "0")):
        sound(place / part / f"40na010x_{part}.wav")
        text(place / "metadata" / f"noise_meta_{part}.csv", columns, f"40na010x_{part}.wav,{band},7,15 cm,h,2,2_1")
    return folder


def dns(folder: Path) -> Path:
    place = folder / "datasets_fullband" / "noise_fullband"
    sound(place / "door_Freesound_validated_11_0.wav")
    sound(place / "wntLte49djU.wav")
    return folder


FORMS: dict[str, Callable[[Path], Path]] = {
    "own": own,
    "esc50": esc50,
    "audioset": audioset,
    "common_voice": common_voice,
    "covost2": covost2,
    "librispeech": librispeech,
    "gigaspeech": gigaspeech,
    "voxpopuli": voxpopuli,
    "aishell": aishell,
    "fma": fma,
    "musan": musan,
    "wham": wham,
    "dns": dns,
    "kinds": kinds,
}
