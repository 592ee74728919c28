"""The corpus builder: a recipe becomes shards, an index, a quarantine file and one hash."""

from soundflow.data.build.recipe import Recipe, read_recipe
from soundflow.data.build.run import Built, build

__all__ = ["Built", "Recipe", "build", "read_recipe"]
