"""What it means to find a message: how text is folded, which terms stand for it, and when words are in it.

Everything here is a pure function of text.  An index may be built of the terms in any way a database likes: whatever it
proposes is looked at once more, so a term only ever has to be necessary, and every store finds the same.
"""
