"""The scene grammar's file: complete, and without a contradiction in itself."""

from __future__ import annotations

from soundflow.data.curate.grammar import scene_grammar


def test_every_name_is_spelled_like_a_label_of_some_place() -> None:
    grammar = scene_grammar()
    known = {label for place in grammar.places for label in place.events}
    assert {label for place in grammar.places for label in place.behind} <= known
    assert {label for sequence in grammar.sequences for label in sequence} <= known
    assert {label for pair in grammar.conflicts for label in pair} <= known


def test_no_sequence_holds_a_conflict_and_each_fits_into_a_place() -> None:
    grammar = scene_grammar()
    for sequence in grammar.sequences:
        assert all(grammar.fits(label, sequence[:i]) for i, label in enumerate(sequence)), sequence
    assert sum(any(set(s) <= set(p.events) for p in grammar.places) for s in grammar.sequences) >= 20
