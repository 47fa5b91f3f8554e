"""How far a read goes, so that its cost depends on what it answers and not on how much is stored."""

WINDOW = 2_000
"""A history page looks at no more entries than this, however few of them are shown."""

LOOK_BACK = 200
"""A preview is looked for among so many of the newest entries of a conversation."""

REACTORS_SHOWN = 100
"""So many people are named with each reaction; all are counted."""
