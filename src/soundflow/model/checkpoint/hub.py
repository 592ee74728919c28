"""A model's folder from the hub, through `huggingface_hub`: resumed where it stopped, kept in its cache.

Tests: tests/model/checkpoint/test_hub.py, against a local server that speaks the hub's protocol.
"""

from __future__ import annotations

from pathlib import Path

from soundflow.errors import OutsideError

# what the three layouts are made of; the rest of a repository (voices, vocoders, pictures) stays where it is
FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.yaml", "*ChunkwisedEncoder.pth", "README.md")


def fetch(name: str, revision: str | None = None) -> Path:
    """Download `owner/name` and return its folder; what is in the cache already is not fetched again.

    With `HF_HUB_OFFLINE=1` only the cache is used. Shows a progress bar on standard error.

    Args:
        revision: branch, tag or commit; None takes the main branch.

    Raises:
        OutsideError: the model is gated or absent, the revision is unknown, or the hub cannot be reached.
    """
    from huggingface_hub import errors, snapshot_download  # here, for it takes long to import

    wanted = name if revision is None else f"{name} at {revision}"
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES)))
    except errors.GatedRepoError as e:
        hint = f"ask for access on https://huggingface.co/{name}, then run: hf auth login"
        raise OutsideError("hub.gated", f"the hub wants to know who you are before it gives {name}", hint) from e
    except errors.HFValidationError as e:
        raise OutsideError("hub.name", f"{name} is no name on the hub", "give owner/name, or a model's folder") from e
    except errors.RevisionNotFoundError as e:
        raise OutsideError("hub.revision", f"the hub has no {wanted}", "look at the revisions on the hub") from e
    except errors.RepositoryNotFoundError as e:
        hint = "check the spelling; a private model needs: hf auth login"
        raise OutsideError("hub.absent", f"the hub has no model {name}", hint) from e
    except (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError) as e:
        hint = "go online once (unset HF_HUB_OFFLINE), or download it elsewhere and give its folder"
        raise OutsideError("hub.offline", f"{wanted} is not in the cache, and the hub cannot be reached", hint) from e
    except (errors.HfHubHTTPError, OSError) as e:
        first = (str(e).splitlines() or [type(e).__name__])[0]
        raise OutsideError(
            "hub.failed", f"fetching {wanted} failed: {first}", "try again: it goes on where it stopped"
        ) from e
