"""The page and Gradio's own doors. It draws and asks; rules live in `core`."""
