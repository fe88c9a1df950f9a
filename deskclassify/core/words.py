"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """“1 picture”, “1,200 pictures”."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(probability: float) -> str:
    """A probability as people write it; never “100 %” or “0 %” for what is only near."""
    if 0.999 < probability < 1:
        return "> 99.9 %"
    if 0 < probability < 0.001:
        return "< 0.1 %"
    return f"{probability * 100:.1f} %"


def duration(seconds: float) -> str:
    """How long something took: “3.9 s”, “2 min 5 s”, “1 h 10 min”."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole // 60 % 60} min"


def about(seconds: float) -> str:
    """How long something may take, no more exactly than anyone can know: “5 s”, “2 min”, “1 h 20 min”."""
    if seconds < 59.5:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes >= 90:
        minutes = round(minutes / 10) * 10
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min".removesuffix(" 0 min")


def size(count: float) -> str:
    """Bytes: “640 MB”, “1.4 GB”."""
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"
