"""The store: every figure, and the offsets that they include, in one SQLite database.

One transaction writes what a batch adds and moves the offsets from where the batch began to where it ended, or does
neither. That is the whole of exactly once: a member that was killed begins again at the stored offsets, and one that
lost its partitions without knowing finds them moved and writes nothing.
"""

from tributary.figures.store.errors import Fenced, StoreError
from tributary.figures.store.writing import Store

__all__ = ["Fenced", "Store", "StoreError"]
