"""The parts of an export: what is exported, in which precision, the proof, and the files that are written."""
