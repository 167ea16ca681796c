"""A server that speaks OpenAI's chat completions over HTTP, and can be told to fail."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class LanguageModelServer:
    """Answers every chat with ``reply``, streamed word by word; ``status`` other than 200 fails.

    ``requests`` holds what was asked, ``keys`` with which authorisation.
    """

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.status = 200
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        """What llm.base_url is set to."""
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
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200 if self.path == "/v1/models" else 404, b'{"data": []}')

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                model.keys.append(self.headers.get("Authorization", ""))
                model.requests.append(json.loads(body))
                if model.status != 200:
                    self._answer(model.status, b'{"error": {"message": "told to fail"}}')
                    return
                words = [f"{word} " for word in model.reply.split()]
                chunks = [{"content": word} for word in words]
                lines = [f"data: {json.dumps(_chunk(chunk))}\n\n" for chunk in chunks]
                self._answer(200, ("".join(lines) + "data: [DONE]\n\n").encode(), stream=True)

            def _answer(self, status: int, body: bytes, *, stream: bool = False) -> None:
                self.send_response(status)
                kind = "text/event-stream" if stream else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler


def _chunk(delta: dict[str, str]) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {
        "id": "chat",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "test",
        "choices": [choice],
    }
