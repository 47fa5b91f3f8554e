"""What is shown of a link in a message: the title, a sentence and a small picture of the page behind it."""
