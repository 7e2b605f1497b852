"""An OpenAI-compatible server that answers by hash, for tests and benchmarks: a real process with real faults.

``python -m osler.models.stub_server --port 0 --latency-ms 50 --faults "429=0.1,reset=0.02" --seed 0 --log FILE``
prints its port on one line. POST .../chat/completions, GET /v1/models, GET /stats (counts, peak of requests at
once, CPU seconds), GET /last (the last request, headers and body), with --count POST /tokenize as vLLM or llama.cpp. A request for the model ``fault-<kind>`` gets that
fault. ``running`` starts and stops a server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import orjson

from osler.core.errors import OslerError
from osler.models.stub_server_protocol import Connection, Stub


@dataclass(frozen=True)
class Running:
    """A stub server that runs: ``url`` is the base_url of an Endpoint."""

    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        return self._get("/stats")

    def last(self) -> dict[str, Any]:
        """The last chat request: ``head`` as lines and ``body`` as text."""
        return self._get("/last")

    def _get(self, path: str) -> dict[str, Any]:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            found: dict[str, Any] = orjson.loads(answer.read())
        return found


@contextlib.contextmanager
def running(
    *,
    latency_ms: float = 0.0,
    faults: Mapping[str, float] | None = None,
    seed: int = 0,
    log: Path | None = None,
    key: str = "",
    models: Sequence[str] = (),
    retry_after: float = 0.0,
    retry_after_form: str = "seconds",
    count: str = "",
    context: int = 0,
) -> Iterator[Running]:
    """Start a stub server in its own process, wait for its port, and stop it at the end."""
    shares = ",".join(f"{kind}={share}" for kind, share in (faults or {}).items())
    settings = [f"--latency-ms={latency_ms}", f"--faults={shares}", f"--seed={seed}", f"--log={log or ''}"]
    settings += [f"--key={key}", f"--models={','.join(models)}"]
    settings += [f"--count={count}", f"--context={context}"]
    settings += [f"--retry-after={retry_after}", f"--retry-after-form={retry_after_form}"]
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, "-m", "osler.models.stub_server", *settings]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.strip().isdigit():
                raise OslerError("the stub server did not start", hint="its message stands above")
            yield Running(int(line), process)
        finally:
            process.terminate()


async def serve(settings: argparse.Namespace) -> None:
    """Serve until cancelled."""
    stub = Stub(settings)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(stub), "127.0.0.1", settings.port, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="osler.models.stub_server", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--faults", default="", help="kind=share, ...")
    parser.add_argument("--seed", type=int, default=0, help="draws the faults")
    parser.add_argument("--log", default="", help="file to which one line a request is added")
    parser.add_argument("--key", default="", help="refuse requests without this bearer key")
    parser.add_argument("--models", default="", help="refuse models that are not in this list")
    parser.add_argument("--retry-after", type=float, default=0.0, help="seconds, sent with 429 and 503")
    parser.add_argument("--retry-after-form", choices=("seconds", "ms", "date"), default="seconds")
    parser.add_argument("--count", choices=("", "vllm", "llama.cpp"), default="", help="counts tokens as this server")
    parser.add_argument("--context", type=int, default=0, help="tokens, told with a count by vllm")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
