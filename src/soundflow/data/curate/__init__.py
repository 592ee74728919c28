"""Hierarchical event curation (paper, section 3.2): a scenario is planned, refined, grounded in clips and verified."""
