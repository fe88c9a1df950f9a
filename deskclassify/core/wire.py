"""All requests and events by name, as JSON: what goes between the window and its processes."""

from __future__ import annotations

from typing import Any

from deskclassify.core import (
    data_events,
    data_requests,
    events,
    layer_events,
    layer_requests,
    requests,
    use_events,
    use_requests,
)
from deskclassify.core.codec import from_json, to_json
from deskclassify.core.events import Event
from deskclassify.core.requests import Request

REQUESTS: dict[str, type[Request]] = {
    kind.__name__: kind
    for kind in (
        requests.ListRequest,
        requests.ScanRequest,
        requests.FitRequest,
        requests.ForecastRequest,
        requests.LrFindRequest,
        requests.AugmentRequest,
        requests.EvaluateRequest,
        requests.ExportRequest,
        requests.PredictRequest,
        requests.WeightsRequest,
        requests.DoctorRequest,
        requests.WarmRequest,
        requests.SleepRequest,
        layer_requests.LayersRequest,
        layer_requests.LayerRequest,
        layer_requests.ChannelRequest,
        layer_requests.KernelsRequest,
        layer_requests.KernelRequest,
        layer_requests.StepRequest,
        layer_requests.SearchRequest,
        layer_requests.PatchesRequest,
        layer_requests.ExplainRequest,
        layer_requests.MapRequest,
        layer_requests.ReportRequest,
        data_requests.FetchRequest,
        data_requests.PublicSetRequest,
        data_requests.SoundsRequest,
        data_requests.TableRequest,
        data_requests.CheckRequest,
        data_requests.RelearnRequest,
        data_requests.NeighboursRequest,
        data_requests.SuggestRequest,
        data_requests.CalibrateRequest,
        data_requests.CopyRequest,
        data_requests.RunReportRequest,
        use_requests.ModelRequest,
        use_requests.OccludeRequest,
        use_requests.FrameRequest,
        use_requests.WatchRequest,
        use_requests.SortRequest,
        use_requests.SheetRequest,
        use_requests.EngineStateRequest,
        use_requests.InstallEngineRequest,
        use_requests.RemoveEngineRequest,
    )
}
EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        events.Started,
        events.Progress,
        events.Message,
        events.Held,
        events.Forecast,
        events.BatchDone,
        events.EpochDone,
        events.FitDone,
        events.Listed,
        events.ScanDone,
        events.LrFound,
        events.Augmented,
        events.Scored,
        events.Evaluated,
        events.Exported,
        events.Prediction,
        events.PredictDone,
        events.WeightsReady,
        events.Examined,
        layer_events.LayersListed,
        layer_events.LayerShown,
        layer_events.ChannelShown,
        layer_events.KernelsShown,
        layer_events.KernelShown,
        layer_events.Stepped,
        layer_events.Searched,
        layer_events.PatchesShown,
        layer_events.Explained,
        layer_events.Mapped,
        layer_events.ReportWritten,
        data_events.Fetched,
        data_events.Checked,
        data_events.Relearned,
        data_events.NeighboursFound,
        data_events.Suggested,
        data_events.Calibrated,
        data_events.Copied,
        use_events.ModelRead,
        use_events.Occluded,
        use_events.Appeared,
        use_events.Sorted,
        use_events.SheetWritten,
        use_events.EngineState,
    )
}


def encode(message: Request | Event) -> dict[str, Any]:
    """A request or an event as JSON, with its type."""
    return {"type": type(message).__name__, **to_json(message)}


def decode_request(value: dict[str, Any]) -> Request:
    """Inverse of `encode`.

    Raises:
        KeyError: the type is unknown.
    """
    return from_json(REQUESTS[value["type"]], value)


def decode_event(value: dict[str, Any]) -> Event:
    """Inverse of `encode`.

    Raises:
        KeyError: the type is unknown.
    """
    return from_json(EVENTS[value["type"]], value)
