"""Damaged and hostile checkpoints: each is one clear error or a correct load, and no code in them is run."""

from __future__ import annotations

import os
import pickle
import random
import resource
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from soundflow.errors import InputError, SoundflowError
from soundflow.model.checkpoint.ours import save_folder
from soundflow.model.checkpoint.recognise import load_model
from soundflow.model.checkpoint.released import load_released

CASES = 80  # of each kind of damage
ENCODER = "audiointeraction_ChunkwisedEncoder.pth"
Damage = Callable[[Path, random.Random], None]


def flip_a_header_bit(folder: Path, rng: random.Random) -> None:
    """One to four bits in the first bytes of a file, where names, types and offsets stand."""
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".pth")))
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(min(len(content), 3000))] ^= 1 << rng.randrange(8)
    _rewrite(path, content)


def cut_a_file(folder: Path, rng: random.Random) -> None:
    """A download that stopped."""
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    content = path.read_bytes()
    _rewrite(path, content[: rng.randrange(len(content))])


def swap_words_in_a_text(folder: Path, rng: random.Random) -> None:
    """Two words of an index or a config change places, or one is doubled or emptied."""
    texts = ("model_config.yaml", "model.safetensors.index.json", "qwen25OmniConfig/config.json", "config.json")
    path = rng.choice([folder / name for name in texts if (folder / name).is_file()])
    words = path.read_text().split(" ")
    i, j = rng.randrange(len(words)), rng.randrange(len(words))
    words[i], words[j] = rng.choice([(words[j], words[i]), (words[i], words[i]), ("", words[j]), ("1e99", words[j])])
    _rewrite(path, " ".join(words).encode())


def rewrite_the_end_of_the_archive(folder: Path, rng: random.Random) -> None:
    """Bits in a zip's directory or a safetensors' last bytes."""
    path = rng.choice(sorted(p for p in folder.rglob("*") if p.suffix in (".safetensors", ".pth")))
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 6)):
        content[-rng.randint(1, min(len(content), 4000))] ^= 1 << rng.randrange(8)
    _rewrite(path, content)


def _rewrite(path: Path, content: bytes | bytearray) -> None:
    path.unlink()  # it is a link to the original
    path.write_bytes(content)


KINDS = (flip_a_header_bit, cut_a_file, swap_words_in_a_text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "layout"),
    [
        *[(kind, layout) for kind in KINDS for layout in ("released", "ours")],
        (rewrite_the_end_of_the_archive, "released"),
    ],
)
def test_damage_is_a_clear_error_or_a_correct_load(
    damage: Damage, layout: str, released_original: Path, tmp_path: Path
) -> None:
    original = released_original
    if layout == "ours":
        original = tmp_path / "ours"
        save_folder(load_released(released_original), original)
    refused = 0
    for seed in range(CASES):
        folder = Path(shutil.copytree(original, tmp_path / str(seed), copy_function=os.link))
        damage(folder, random.Random(seed))
        try:
            network = load_model(folder).network
            assert all(p.device.type == "cpu" for p in network.parameters()), "a load is whole"
        except SoundflowError as e:
            assert e.message, f"{damage.__name__} {seed}: an error says what was wrong"
            refused += 1
        shutil.rmtree(folder)
    assert refused > 0


class _Hostile:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pickle_with_code_is_refused_and_not_run(released: Path, tmp_path: Path, wrapped: bool) -> None:
    mark = tmp_path / "it-ran"
    content = pickle.dumps({"conv1.weight": _Hostile(mark)}, protocol=2)
    path = released / ENCODER
    if wrapped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", content)
            archive.writestr("archive/version", "3\n")
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"ChunkwisedEncoder\.pth"):
        load_model(released)
    assert not mark.exists()


def test_a_zip_bomb_is_refused_before_it_unpacks(released: Path) -> None:
    path = released / ENCODER
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 200_000_000)
        archive.writestr("archive/version", "3\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="unpacks to 200000002 bytes"):
        load_model(released)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


def test_an_index_cannot_point_out_of_its_folder(released: Path) -> None:
    index = released / "model.safetensors.index.json"
    index.write_text(index.read_text().replace("model-00001-of-00002", "../model-00001-of-00002"))
    with pytest.raises(InputError, match="shards lie beside the index") as caught:
        load_model(released)
    assert caught.value.code == "model.damaged_file"
