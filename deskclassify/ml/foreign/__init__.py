"""Models that deskclassify did not write: checked, tried in a process of their own, and only then opened.

`checking` reads the file and runs nothing of it, `trial` runs it under limits in a child process, `verdicts` asks for
both and keeps what came out, `hints` finds out what can be known of such a model, `feeding` runs it.
"""
