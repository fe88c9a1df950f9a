"""Prediction over any number of files: paths and answers pass through, and are never all in memory."""
