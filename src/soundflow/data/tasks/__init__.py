"""What is asked of a stream and what is said in it, one short file a task."""

from __future__ import annotations

from soundflow.data.tasks.wording import all_texts

__all__ = ["all_texts"]
