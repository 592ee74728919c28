"""What is to be said in a stream: one short file a task, and the words they share."""

from soundflow.data.tasks.texts import all_texts

__all__ = ["all_texts"]
