"""The jobs of the Data page: listing and copying for real, fetching as the test plays it."""

from __future__ import annotations

import threading

from deskclassify.core.data_requests import FetchRequest, PublicSetRequest, SoundsRequest, TableRequest
from deskclassify.core.own_pictures import KeepRequest
from deskclassify.core.requests import ListRequest
from deskclassify.engine.client import run_in_process

FETCHES = FetchRequest | PublicSetRequest | SoundsRequest | TableRequest


class FetchEngine:
    """Lists and copies for real; what is fetched is played: None waits, an exception is raised."""

    def __init__(self):
        self.events = []
        self.asked = []
        self.stopped = threading.Event()
        self.gate = threading.Event()

    def stream(self, request, control):
        self.asked.append(request)
        if isinstance(request, ListRequest | KeepRequest):
            yield from run_in_process(request, control)
        for event in self.events if isinstance(request, FETCHES) else []:
            if event is None:
                while not self.gate.wait(0.01):
                    if control.stopped:
                        self.stopped.set()
                        return
            elif isinstance(event, Exception):
                raise event
            else:
                yield event

    def of(self, kind):
        return [request for request in self.asked if isinstance(request, kind)]
