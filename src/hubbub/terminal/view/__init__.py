"""The full screen: everything of the terminal app that knows Textual."""
