"""All seven capabilities on a corpus of `data build`: each reply is held against what its sub-task calls for."""
