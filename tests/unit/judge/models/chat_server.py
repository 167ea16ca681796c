"""A chat completions server over HTTP on loopback, and the ways in which it can go wrong."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class ChatServer:
    """Answers every chat with ``content`` and, when asked, with log-probabilities.

    Attributes:
        content: What the model says.
        steps: Per token of it, the probabilities of what might have been said; empty for a
            server that gives none.
        status: Other than 200 fails.
        body: Sent instead of a completion, when set.
        gate: Waited for before answering, when set.
        requests: What was asked.
        headers: With which headers, their names in lower case.
    """

    def __init__(self) -> None:
        self.content: str | None = "A F"
        self.steps: list[Mapping[str, float]] = []
        self.status = 200
        self.body: bytes | None = None
        self.gate: threading.Event | None = None
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        """What openai_compatible.base_url is set to."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.gate:
            self.gate.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, asked: Mapping[str, Any]) -> bytes:
        """The body of the answer to a request."""
        if self.body is not None:
            return self.body
        if self.status != 200:
            return b'{"error": {"message": "told to fail", "type": "test", "code": null}}'
        choice: dict[str, Any] = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": self.content},
            "logprobs": None,
        }
        if asked.get("logprobs") and self.steps:
            most = int(asked["top_logprobs"])
            choice["logprobs"] = {"content": [_step(step, most) for step in self.steps]}
        return json.dumps(
            {
                "id": "chat",
                "object": "chat.completion",
                "created": 0,
                "model": asked["model"],
                "choices": [choice],
            }
        ).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(asked)
                server.headers.append({k.lower(): v for k, v in self.headers.items()})
                if server.gate:
                    server.gate.wait(5)
                body = server.answer(asked)
                try:
                    self.send_response(server.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    return  # whoever asked has given up

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


def _step(probabilities: Mapping[str, float], most: int) -> dict[str, Any]:
    ranked = sorted(probabilities.items(), key=lambda pair: -pair[1])
    candidates = [
        {"token": token, "logprob": math.log(p), "bytes": list(token.encode())}
        for token, p in ranked[:most]
    ]
    return {**candidates[0], "top_logprobs": candidates}
