"""Requests to a Schema Registry through Confluent's own client, which has its addresses, logins and TLS.

Of that client only the layer that sends a request is used. The methods above it keep what they read for ever, deleted
versions and empty answers too, and lack what `export` and modes need.

Import this module on first use only: Confluent's client takes a quarter of a second of CPU time to import.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka.schema_registry import SchemaRegistryClient, SchemaRegistryError
from confluent_kafka.schema_registry.common._httpx_compat import httpx
from confluent_kafka.schema_registry.error import OAuthTokenError

from tributary.registry.client.errors import RegistryError, RegistryUnavailable
from tributary.registry.lock import LOCAL, registry_name
from tributary.settings import SettingsError

_CONNECT_S = 2.0
_TOKEN_S = 2.0
"""For each step of a request for an access token."""
_LEAST_S = 0.05
"""What an address gets even when those before it have used up the time."""
_KEPT_S = 2.0
"""How long an idle connection is used again. Registries close theirs after 5 s and more; a request that meets the close
fails, and a write is not repeated."""
_SHOWN = 200
"""Characters of an answer that an error message shows."""


class Rest:
    """A registry, at one address or several that stand for each other. Safe to use from several threads.

    No request is repeated at the same address: the next one is asked at once.
    """

    def __init__(self, properties: Mapping[str, str], shown: str) -> None:
        """`properties` as Confluent's client names them; `shown` is the registry's name in messages.

        Raises SettingsError.
        """
        self._shown = shown
        self._local = threading.local()
        self._addresses = properties["url"].count(",") + 1
        # Its own retries would sleep, deaf to signals.
        ours: dict[str, Any] = {"max.retries": 0}
        source = properties.get("bearer.auth.credentials.source")
        if source:  # the client asks for a logical cluster, but only Confluent Cloud has one
            ours["bearer.auth.logical.cluster"] = ""
        if source == "OAUTHBEARER":  # and for a scope, which not every token endpoint knows
            ours["bearer.auth.scope"] = ""
        try:
            self._client = SchemaRegistryClient({**ours, **properties})._rest_client
        except (ValueError, TypeError, OSError) as error:
            raise SettingsError(f"the schema registry's client cannot be set up: {error}") from error
        self._client.session = self._session()
        if tokens := getattr(self._client.bearer_field_provider, "client", None):
            tokens.timeout = _TOKEN_S
        for name in ("httpx", "httpx2"):  # a line per request at INFO
            logging.getLogger(name).setLevel(logging.WARNING)

    def _session(self) -> Any:
        """Confluent's session, with limits on each request and no proxy before this machine's own addresses."""
        local = [f"all://{urlsplit(u).netloc}" for u in self._client.base_urls if registry_name(u) == LOCAL]
        return httpx.Client(
            verify=self._client.verify,
            auth=self._client.auth,
            proxy=self._client.proxy,
            limits=httpx.Limits(keepalive_expiry=_KEPT_S),
            mounts=dict.fromkeys(local) if self._client.proxy is None else None,
            event_hooks={"request": [self._limit], "response": [self._limit_body]},
        )

    def request(self, method: str, path: str, body: Any, within_s: float) -> Any:
        """The decoded answer; None if it is empty. `within_s` is for all addresses together.

        Raises RegistryUnavailable and RegistryError.
        """
        self._local.until = time.monotonic() + within_s
        self._local.left = self._addresses
        try:
            return self._client.send_request(path, method, body)
        except SchemaRegistryError as error:
            raise self._refusal(error) from error
        except OAuthTokenError as error:
            reason = error.message.rpartition("due to error: ")[2]
            raise RegistryUnavailable(f"no access token for the schema registry at {self._shown}: {reason}") from error
        except KeyError as error:  # of Confluent's client, when it looks whether a token has expired
            raise RegistryUnavailable(
                f"no access token for the schema registry at {self._shown}: the token endpoint's answer has no {error}"
            ) from error
        except httpx.ConnectTimeout as error:
            raise self._unavailable(f"no connection within {min(_CONNECT_S, within_s):g} s") from error
        except httpx.TimeoutException as error:
            raise self._unavailable(f"no answer within {within_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise self._unavailable(str(error) or type(error).__name__) from error
        except ValueError as error:  # not JSON
            start = str(getattr(error, "doc", error))[:_SHOWN]
            raise RegistryError(
                200, 200, f"expected JSON, got {start!r}; is SCHEMA_REGISTRY_URL a schema registry?"
            ) from error

    def _refusal(self, error: SchemaRegistryError) -> RegistryError:
        """Confluent's error as ours: -1 or None stands for an answer that has no error code."""
        status, code = error.http_status_code, error.error_code
        if not isinstance(code, int) or code <= 0:
            content = str(error.error_message or "").removeprefix("Unknown Schema Registry Error: ")
            reason = f"expected a registry's error, got {content[:_SHOWN] or 'no reason'}"
            return RegistryError(status, status, f"{self._shown}: {reason}")
        if code == status:  # of a web server or a proxy: a registry's codes have five digits
            return RegistryError(status, code, f"{self._shown}: {error.error_message}")
        return RegistryError(status, code, str(error.error_message))

    def _unavailable(self, reason: str) -> RegistryUnavailable:
        return RegistryUnavailable(
            f"the schema registry at {self._shown} cannot be reached ({reason}); "
            "start the local stack with `tributary stack up`, or set SCHEMA_REGISTRY_URL"
        )

    def _limit(self, request: Any) -> None:
        """Give an address its share of the time."""
        share = max(_LEAST_S, (self._local.until - time.monotonic()) / max(1, self._local.left))
        self._local.left -= 1
        request.extensions["timeout"] = {
            "connect": min(_CONNECT_S, share),
            "read": share,
            "write": share,
            "pool": share,
        }

    def _limit_body(self, response: Any) -> None:
        response.stream = _Limited(response.stream, max(self._local.until, time.monotonic() + _LEAST_S))


class _Limited(httpx.SyncByteStream):  # type: ignore[misc, unused-ignore]
    """A body that must be complete by a time: a limit on each read alone lets a server trickle for ever."""

    def __init__(self, stream: Any, until: float) -> None:
        self._stream = stream
        self._until = until

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            yield part
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the body is not complete")

    def close(self) -> None:
        self._stream.close()
