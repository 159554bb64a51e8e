"""Where a server is and how to be let in: url, credentials, TLS.

Immutable after construction, so any thread may use it. Credentials leave it in one place only, the
Authorization header, and never over plain http to another machine unless the caller insists.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from typing import Callable, Dict, Optional, Union
from urllib.parse import urlsplit

from .errors import BadRequest

DEFAULT_URL = "http://localhost:9000"
API = "/api/telemetry"

#: A bearer token, or a function that gives a fresh one for each connection.
Token = Union[str, Callable[[], str]]

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls_context(
    ca_file: Optional[str], ssl_context: Optional[ssl.SSLContext]
) -> Optional[ssl.SSLContext]:
    if ca_file is not None and ssl_context is not None:
        raise BadRequest("Give either ca_file or ssl_context, not both.", field="ca_file")
    if ssl_context is not None:
        return ssl_context
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise BadRequest(f"ca_file={ca_file!r} cannot be used: {error}.", field="ca_file") from None


class Endpoint:
    """A server's address, with what every request to it says."""

    def __init__(
        self,
        url: Optional[str],
        api_key: Optional[str],
        token: Optional[Token],
        ca_file: Optional[str],
        ssl_context: Optional[ssl.SSLContext],
        insecure: bool,
    ) -> None:
        self._read_url(url or os.environ.get("TAPEDECK_URL") or DEFAULT_URL)
        if api_key is not None and token is not None:
            raise BadRequest("Give either api_key or token, not both.", field="token")
        if api_key is None and token is None:
            api_key = os.environ.get("TAPEDECK_API_KEY") or None
        self._credential: Optional[Token] = api_key if token is None else token
        if isinstance(self._credential, str):
            self._check_credential(self._credential)
        if self._credential is not None and not (self.tls or _is_loopback(self.host) or insecure):
            raise BadRequest(
                f"The api key would go to {self.host} over plain http, readable by anyone on the "
                "way: use https, or say insecure=True if the network is your own.",
                field="url",
            )
        if not self.tls and (ca_file is not None or ssl_context is not None):
            raise BadRequest("ca_file and ssl_context are for https urls.", field="url")
        self.ssl_context = _tls_context(ca_file, ssl_context) if self.tls else None

    def _read_url(self, url: str) -> None:
        shown = url if "@" not in url else "The url"  # it may hold a password
        try:
            parts = urlsplit(url)
            port = parts.port
            host = parts.hostname or ""
            ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
        except ValueError as error:
            raise BadRequest(f"{shown} is no url: {error}.", field="url") from None
        if parts.scheme not in ("http", "https") or not host:
            raise BadRequest(f"{shown} must be http(s)://host:port.", field="url")
        if parts.username is not None or parts.password is not None:
            raise BadRequest("The url holds a user name: give an api_key= instead.", field="url")
        if not re.fullmatch(r"[A-Za-z0-9._:%-]+", ascii_host):
            raise BadRequest(f"{shown} has a host that cannot be one.", field="url")
        if parts.query or parts.fragment or re.search(r"[\x00-\x20\x7f-\uffff]", parts.path):
            raise BadRequest(
                f"{shown} must end with a host, port or path: no query, no spaces.", field="url"
            )
        self.tls = parts.scheme == "https"
        self.host = ascii_host
        self.port = port if port is not None else (443 if self.tls else 80)
        self.prefix = parts.path.rstrip("/")
        in_url = f"[{self.host}]" if ":" in self.host else self.host
        default = port is None or port == (443 if self.tls else 80)
        self.host_header = in_url if default else f"{in_url}:{port}"
        self.url = f"{parts.scheme}://{self.host_header}{self.prefix}"

    @staticmethod
    def _check_credential(credential: object) -> str:
        if not isinstance(credential, str) or not _VISIBLE_ASCII.fullmatch(credential):
            raise BadRequest(
                "The api key or token is empty or holds something other than visible ASCII "
                "characters; was a line break copied with it?",
                field="api_key",
            )
        return credential

    def headers(self) -> Dict[str, str]:
        """What every request carries, credentials included. Asks the token function, if any."""
        out = {"User-Agent": "tapedeck-python"}
        if self._credential is not None:
            held = self._credential
            credential = self._check_credential(held if isinstance(held, str) else held())
            out["Authorization"] = f"Bearer {credential}"
        return out
