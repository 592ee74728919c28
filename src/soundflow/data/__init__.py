"""Streams out of clips: timelines, TFJP, composition, annotation, tasks."""
