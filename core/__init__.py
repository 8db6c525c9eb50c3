"""The rooms of the house. Nothing in here knows gradio, or that there is a page."""
