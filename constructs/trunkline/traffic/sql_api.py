"""Asks Analytics Engine's SQL API.

https://developers.cloudflare.com/analytics/analytics-engine/sql-api/
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from trunkline.addresses.cloudflare import API, BASE, TOKEN
from trunkline.documents.findings import printable
from trunkline.traffic.span import TrafficError

PATIENCE = 30.0  # seconds for one statement
LONGEST = 300  # characters of what Cloudflare says
PERMISSION = "Account, Account Analytics: Read"
TOKENS = "https://dash.cloudflare.com/profile/api-tokens"

# Errors that are about the token: https://developers.cloudflare.com/fundamentals/api/troubleshooting/
OF_TOKENS = frozenset((6003, 9106, 9109, 10000, 10001))

# Columns have types in the rows of an answer alone, so that none is found where no row is.
WITHOUT_ROWS = "unable to find type of column"

Row = Mapping[str, Any]


class SqlRefusedError(TrafficError):
    """A statement that Analytics Engine does not take; the text is Cloudflare's own."""


@frozen
class SqlApi:
    """The datasets of an account; `env` has the token, as Terraform's does."""

    account_id: str
    env: Mapping[str, str] = field(factory=dict)

    def ask(self, sql: str) -> list[Row]:
        """The rows of an answer.

        Raises SqlRefusedError where the statement is refused, and TrafficError where nobody
        answers, or not to this token.
        """
        try:
            with urllib.request.urlopen(self._request(sql), timeout=PATIENCE) as answer:  # noqa: S310
                return _rows(json.load(answer))
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from None
        except TimeoutError:
            raise TrafficError(f"{self._base} does not answer within {PATIENCE:.0f} s") from None
        except OSError as error:
            why = getattr(error, "reason", error)
            raise TrafficError(f"{self._base} does not answer: {why}") from None
        except (ValueError, KeyError, TypeError):
            raise TrafficError(f"what {self._base} answers cannot be read") from None

    def tables(self) -> set[str]:
        """The names of the datasets that hold anything."""
        return {str(value) for row in self.ask("SHOW TABLES FORMAT JSON") for value in row.values()}

    @property
    def _base(self) -> str:
        return (self.env.get(BASE) or API).rstrip("/")

    def _request(self, sql: str) -> urllib.request.Request:
        token = self.env.get(TOKEN, "")
        if not token:
            raise TrafficError(f"{TOKEN} is not set: {self._remedy}")
        if not (token.isascii() and token.isprintable()):
            raise TrafficError(f"{TOKEN} has a character that no token has: {self._remedy}")
        url = f"{self._base}/accounts/{self.account_id}/analytics_engine/sql"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
        return urllib.request.Request(url, sql.encode(), headers, method="POST")  # noqa: S310

    @property
    def _remedy(self) -> str:
        return f"make a token with {PERMISSION} for the account {self.account_id} at {TOKENS}"

    def _refusal(self, error: urllib.error.HTTPError) -> TrafficError:
        said = _said(error)
        errors = _errors(said)
        words = ", ".join(errors.values()) or said or f"status {error.code}"
        words = printable(words)[:LONGEST]
        if error.code in (401, 403) or errors.keys() & OF_TOKENS:
            text = f"Cloudflare refuses the token in {TOKEN} ({words}): {self._remedy}"
            return TrafficError(text)
        if error.code in (400, 422):
            return SqlRefusedError(words)
        return TrafficError(f"{self._base} answers with status {error.code}: {words}")


def _rows(answer: Any) -> list[Row]:
    return [dict(row) for row in answer["data"]]


def _said(error: urllib.error.HTTPError) -> str:
    try:
        return error.read(65_536).decode(errors="replace").strip()
    except OSError:
        return ""


def _errors(said: str) -> dict[Any, str]:
    """The messages of Cloudflare's usual answer by their codes; none where it is another one."""
    try:
        return {each["code"]: str(each["message"]) for each in json.loads(said)["errors"]}
    except (ValueError, KeyError, TypeError):
        return {}
