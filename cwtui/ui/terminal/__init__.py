"""Between the terminal and Textual: what comes in, how fast, at what size, and what goes out."""
