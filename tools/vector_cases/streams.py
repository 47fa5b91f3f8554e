"""TCP streams cut into chunks, and conversations that arrive in pieces."""

from __future__ import annotations

# (name, meaning, limit in bytes, chunks, frames, error)
FRAMING: list[tuple[str, str, int, list[str], list[str], str]] = [
    ("one_frame", "A frame in one chunk.", 64, ["0408011a00"], ["08011a00"], ""),
    ("empty_frame", "Length 0 is a frame without a body.", 64, ["00"], [""], ""),
    ("two_frames_in_a_chunk", "Nothing separates frames.", 64, ["01aa02bbcc"], ["aa", "bbcc"], ""),
    ("byte_by_byte", "Any cut will do.", 64, ["03", "61", "62", "63", "01", "64"], ["616263", "64"], ""),
    ("cut_inside_the_length", "The length itself may be cut.", 200, ["80", "01" + "61" * 128], ["61" * 128], ""),
    ("frame_across_chunks", "A frame and a half, then the rest.", 64, ["01610362", "6364"], ["61", "626364"], ""),
    ("unfinished", "What is not complete is no frame yet.", 64, ["0461"], [], ""),
    ("unfinished_length", "Nor is half a length.", 64, ["80"], [], ""),
    ("nothing", "No bytes, no frames.", 64, [""], [], ""),
    ("exactly_the_limit", "A frame as large as the limit is taken.", 4, ["0461626364"], ["61626364"], ""),
    ("one_above_the_limit", "One byte more is refused before it is read.", 4, ["05"], [], "too_large"),
    ("frames_before_the_error", "What came before is taken.", 4, ["0161" + "05"], ["61"], "too_large"),
    ("nothing_after_the_error", "The stream cannot be followed any more.", 4, ["05", "0161"], [], "too_large"),
    ("length_longer_than_needed", "1 written in two bytes.", 64, ["8100" + "61"], ["61"], ""),
    ("length_of_four_gigabytes", "A huge length is refused at once.", 262144, ["ffffffff0f"], [], "too_large"),
    ("length_of_six_bytes", "A length has at most five bytes.", 262144, ["8080808080" + "01"], [], "bad_frame"),
    ("http_by_mistake", "A request line is a length of 71 bytes and text.", 64, ["474554202f20"], [], "too_large"),
]

# (name, section, meaning, seen at first, [(from, to, seqs in the page, shown, seen after, missing after)])
Step = tuple[int, int, list[int], list[int], int, tuple[int, int] | None]
TIMELINE: list[tuple[str, str, str, int, list[Step]]] = [
    ("in_order", "8.3", "Nothing is missing.", 0, [(1, 1, [1], [1], 1, None), (2, 3, [2, 3], [2, 3], 3, None)]),
    ("a_repetition", "8.3", "What is known is dropped.", 4, [(5, 5, [5], [5], 5, None), (5, 5, [5], [], 5, None)]),
    ("an_old_page", "8.3", "A page wholly below is dropped.", 9, [(1, 5, [1, 2, 3, 4, 5], [], 9, None)]),
    ("an_overlap", "8.3", "Only what is new is shown.", 9, [(8, 11, [8, 9, 10, 11], [10, 11], 11, None)]),
    (
        "a_gap",
        "8.3",
        "What lies beyond a gap waits.",
        5,
        [(7, 8, [7, 8], [], 5, (6, 6)), (6, 6, [6], [6, 7, 8], 8, None)],
    ),
    (
        "the_table_of_8_5",
        "8.5",
        "The worked table.",
        4,
        [
            (5, 5, [5], [5], 5, None),
            (5, 5, [5], [], 5, None),
            (7, 8, [7, 8], [], 5, (6, 6)),
            (9, 9, [9], [], 5, (6, 6)),
            (6, 7, [6, 7], [6, 7, 8, 9], 9, None),
            (8, 11, [8, 9, 10, 11], [10, 11], 11, None),
            (12, 14, [12, 14], [12, 14], 14, None),
            (16, 16, [16], [], 14, (15, 15)),
            (15, 16, [], [16], 16, None),
        ],
    ),
    (
        "withheld_inside",
        "7.5",
        "An absent number inside the range is passed over.",
        4,
        [(5, 7, [5, 7], [5, 7], 7, None)],
    ),
    ("withheld_wholly", "7.5", "A page may bring nothing and still cover.", 4, [(5, 7, [], [], 7, None)]),
    (
        "withheld_closes_a_gap",
        "7.5",
        "The missing number turns out to be withheld.",
        4,
        [(6, 6, [6], [], 4, (5, 5)), (5, 5, [], [6], 6, None)],
    ),
    ("an_empty_range", "7.5", "Nothing is above 7.", 7, [(8, 7, [], [], 7, None)]),
    (
        "two_gaps",
        "8.3",
        "Gaps close one after the other.",
        0,
        [
            (2, 2, [2], [], 0, (1, 1)),
            (4, 4, [4], [], 0, (1, 1)),
            (1, 1, [1], [1, 2], 2, (3, 3)),
            (3, 3, [3], [3, 4], 4, None),
        ],
    ),
    (
        "the_same_beyond_a_gap_twice",
        "8.3",
        "Held back twice, shown once.",
        0,
        [(3, 3, [3], [], 0, (1, 2)), (3, 3, [3], [], 0, (1, 2)), (1, 3, [1, 2, 3], [1, 2, 3], 3, None)],
    ),
    (
        "backwards",
        "8.3",
        "Everything in reverse.",
        0,
        [(3, 3, [3], [], 0, (1, 2)), (2, 2, [2], [], 0, (1, 1)), (1, 1, [1], [1, 2, 3], 3, None)],
    ),
    (
        "a_page_over_held_pushes",
        "8.4",
        "A fetched page and pushes that came meanwhile.",
        10,
        [
            (15, 15, [15], [], 10, (11, 14)),
            (16, 16, [16], [], 10, (11, 14)),
            (11, 13, [11, 12, 13], [11, 12, 13], 13, (14, 14)),
            (14, 16, [14, 15, 16], [14, 15, 16], 16, None),
        ],
    ),
    (
        "overlapping_ranges_held",
        "8.3",
        "Ranges beyond a gap may overlap each other.",
        0,
        [(3, 6, [3, 4, 6], [], 0, (1, 2)), (5, 8, [6, 7], [], 0, (1, 2)), (1, 2, [1, 2], [1, 2, 3, 4, 6, 7], 8, None)],
    ),
    (
        "membership_with_a_hole",
        "13.3",
        "8 to 15 for somebody who was away from 10 to 13.",
        7,
        [(8, 15, [8, 9, 14, 15], [8, 9, 14, 15], 15, None)],
    ),
]
