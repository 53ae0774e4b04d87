"""The door to the API server: raw bytes in and out, errors in words. Nothing else knows the kubernetes package.

The package is used for what it does well (kubeconfig, credentials and their renewal, TLS, proxies) through
``ApiClient.param_serialize`` and ``call_api``; its generated classes are never used: listing 10,000 pods through
them takes 18 s and 1 GB instead of 0.3 s and 43 MB.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

import msgspec
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from netdoctor import __version__
from netdoctor.model.errors import AccessError

Query = Mapping[str, str | int | bool]

_JSON_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip"}
_HINTS = {
    401: "log in again, or choose another user with --context",
    403: "`netdoctor rbac` prints the rights that netdoctor needs",
}


class ApiError(AccessError):
    """The API server answered, and said no.

    Attributes:
        status: the HTTP status code.
        reason: the server's Status reason, made for machines (``Forbidden``, ``AlreadyExists``, ``Expired``, ...);
            the HTTP reason where something else than the API server answered.
        message: the server's words. Untrusted text.
    """

    def __init__(self, status: int, reason: str, message: str, request: str = "the request") -> None:
        super().__init__(f"the API server refused {request}: {status} {reason}", message, _HINTS.get(status, ""))
        self.status, self.reason, self.message = status, reason, message


class Client:
    """A connection to one API server as one user; safe to use from many threads.

    Attributes:
        context: name of the kubeconfig context; ``in-cluster`` for a service account.
        namespace: the context's default namespace.
        server: the API server's URL.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        context: str,
        namespace: str,
        request_timeout: float,
        impersonate: str = "",
    ) -> None:
        configuration.connection_pool_maxsize = 16  # one per list that is read at the same time
        configuration.keep_alive = True
        # A dropped idle connection is retried once; 429 and 503 as the server asks, within reason.
        configuration.retries = Retry(
            total=3,
            connect=1,
            read=1,
            redirect=0,
            retry_after_max=5,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        # Otherwise urllib3 prints each retry to stderr; what stays broken is raised.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self._api = ApiClient(configuration)
        self._api.user_agent = f"netdoctor/{__version__}"
        if impersonate:
            self._api.set_default_header("Impersonate-User", impersonate)
        self._timeout = request_timeout
        self.context = context
        self.namespace = namespace
        self.server: str = configuration.host

    def request(  # noqa: PLR0913 (the parts of an HTTP request)
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: object | None = None,
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Send one request and return the body of the answer.

        Args:
            method: ``GET``, ``POST``, ``PATCH``, ``DELETE``, ...
            path: from the root, as ``/api/v1/namespaces``.
            query: query parameters.
            body: what is sent as JSON.
            content_type: of the body; ``application/json`` unless given. PATCH needs one.
            timeout: seconds to wait for the server; the client's unless given.

        Raises:
            ApiError: the server refused.
            AccessError: the server could not be reached.
        """
        params: dict[str, Any] = {"query_params": dict(query or {}), "header_params": dict(_JSON_HEADERS)}
        if body is not None:
            params["body"] = body
            params["header_params"]["Content-Type"] = content_type or "application/json"
        return self._read(self._send(method, path, timeout or self._timeout, **params))

    def stream(self, path: str, query: Query | None = None) -> Stream:
        """GET something that the server goes on sending: a followed log, a watch.

        Returns:
            The lines, each as soon as it has arrived, without their line ends. `Stream.close` ends it.

        Raises:
            ApiError: the server refused.
            AccessError: the server could not be reached, or (while iterating) the connection broke.
        """
        # The server may be silent for long; only connecting has a limit.
        response = self._send("GET", path, (self._timeout, None), query_params=dict(query or {}))
        return Stream(response, self.server)

    def close(self) -> None:
        """Close all idle connections."""
        self._api.close()

    def _send(self, method: str, path: str, timeout: float | tuple[float, None], **params: Any) -> _Response:
        """Send, and return the answer with its body unread."""
        try:
            request = self._api.param_serialize(method, path, auth_settings=["BearerToken"], **params)
            response: _Response = self._api.call_api(*request, _request_timeout=timeout).response
        except (HTTPError, ApiException, OSError) as error:
            raise unreachable(self.server, error) from error
        if not 200 <= response.status <= 299:
            raise refusal(response.status, response.reason or "", self._read(response), f"{method} {path}")
        return response

    def _read(self, response: _Response) -> bytes:
        try:
            return response.data
        except (HTTPError, OSError) as error:
            raise unreachable(self.server, error) from error


class _Response(Protocol):
    """What is used of urllib3's response."""

    status: int
    reason: str | None

    @property
    def data(self) -> bytes: ...
    def read1(self, amt: int) -> bytes: ...
    def shutdown(self) -> None: ...
    def close(self) -> None: ...


class Stream:
    """Lines of an unfinished answer. Iterate in one thread; `close` is for any thread, even while it waits."""

    def __init__(self, response: _Response, server: str) -> None:
        self._response = response
        self._server = server
        self._lock = threading.Lock()
        self._closed = False
        self._reading = False

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        with self._lock:
            self._reading = True
        try:
            yield from self._lines()
        finally:
            with self._lock:
                self._reading = False
            self._response.close()

    def close(self) -> None:
        """End the stream: a waiting iteration stops at once. May be called twice.

        A connection that another thread reads is only shut down: that thread frees it, because TLS state that is
        freed under a reader crashes the interpreter.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            reading = self._reading
        with suppress(RuntimeError, ValueError, OSError):  # it may have ended by itself
            self._response.shutdown()  # wakes the thread that waits in recv()
        if not reading:
            self._response.close()

    def _lines(self) -> Iterator[bytes]:
        unfinished = b""
        while chunk := self._next_chunk():
            *lines, unfinished = (unfinished + chunk).split(b"\n")
            yield from lines
        if unfinished:
            yield unfinished

    def _next_chunk(self) -> bytes:
        """What has arrived, as soon as anything has; empty at the end."""
        try:
            return self._response.read1(65536)
        except (HTTPError, OSError, ValueError, AttributeError) as error:
            if self._closed:
                return b""
            raise unreachable(self._server, error) from error


class _Status(msgspec.Struct):
    """The API's Status object, which every refusal carries."""

    reason: str = ""
    message: str = ""


_STATUS = msgspec.json.Decoder(_Status)  # made before any thread: msgspec's types are not made thread-safely


def refusal(status: int, reason: str, body: bytes, request: str) -> ApiError:
    """The error for an answer other than 2xx; `body` is a Status where the API server itself answered."""
    try:
        said = _STATUS.decode(body)
    except msgspec.MsgspecError:
        said = _Status(message=body[:200].decode(errors="replace"))
    return ApiError(status, said.reason or reason, said.message, request)


def unreachable(server: str, error: Exception) -> AccessError:
    """The error for a request that got no answer."""
    why = _root(error)
    return AccessError(f"cannot reach the API server {server}", why, _hint(why))


def _root(error: BaseException) -> str:
    """The innermost reason in one line: urllib3 wraps it in retries and addresses."""
    while True:
        inner: Any = getattr(error, "reason", None)
        inner = inner if isinstance(inner, BaseException) else error.__cause__
        if inner is None:
            return " ".join(str(error).split())
        error = inner


def _hint(why: str) -> str:
    lowered = why.lower()
    if "authority key identifier" in lowered or "basic constraints" in lowered or "key usage" in lowered:
        return (
            "Python 3.13 and newer refuse certificate authorities that break RFC 5280: renew the cluster's CA, "
            "or run netdoctor with Python 3.12"
        )
    if "certificate" in lowered or "ssl" in lowered:
        return "check certificate-authority, client-certificate and tls-server-name in the kubeconfig"
    if "refused" in lowered:
        return "nothing listens there: check `server` in the kubeconfig, or choose another --context"
    if "timed out" in lowered:
        return "check the network and `server` in the kubeconfig, or raise --request-timeout"
    if "resolve" in lowered or "name or service" in lowered:
        return "the server's name does not resolve: check `server` in the kubeconfig"
    return "check `server` in the kubeconfig, or choose another --context"
