"""The layer between the terminal and Textual: input, its speed, the window's size, and output."""
