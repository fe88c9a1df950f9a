"""The window: views of the session; never imports the learning code."""
