"""A server that plays Cloudflare's API as its documentation states it, and checks requests.

https://developers.cloudflare.com/api/resources/dns/subresources/records/
https://developers.cloudflare.com/fundamentals/api/reference/limits/
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "cfut_" + "t" * 40
ZONE_TOKEN = "z" * 40
ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353"


class Cloudflare:
    """One zone and its records."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.limited = 0
        self.retry_after: str | None = "2"
        self.per_page = 0
        self._numbers = 0
        self._readers = {TOKEN, ZONE_TOKEN}

    def add(self, type: str, name: str, content: str) -> None:
        """Have a record."""
        self._numbers += 1
        self.records.append(
            {
                "id": f"{self._numbers:032x}",
                "type": type,
                "name": name,
                "content": content,
                "ttl": 1,
                "proxied": False,
                "meta": {},
            }
        )

    async def answer(self, head: str, writer: asyncio.StreamWriter, body: bytes) -> None:
        """Answer a request."""
        method, target, _ = head.split("\r\n", maxsplit=1)[0].split(" ")
        self.requests.append(f"{method} {target}")
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        if self.limited > 0:
            self.limited -= 1
            more = f"Retry-After: {self.retry_after}\r\n" if self.retry_after else ""
            error = [{"code": 971, "message": "Please wait and consider throttling your requests"}]
            self._send(writer, 429, {"success": False, "errors": error, "result": None}, more)
            return
        status, answer = self._answer(method, target, fields, body)
        self._send(writer, status, answer)

    def _answer(
        self, method: str, target: str, fields: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        path = url.path.removeprefix("/client/v4")
        token = fields.get("Authorization", "").removeprefix("Bearer ")
        if path == "/zones" and method == "GET" and token in self._readers:
            return self._page(_zones(query), query)
        if token != TOKEN:
            return _failed(403, 9109, "Invalid access token")
        records = f"/zones/{ZONE_ID}/dns_records"
        if path == records and method == "GET":
            found = [each for each in self.records if _matches(each, query)]
            return self._page(found, query)
        if path == records and method == "POST":
            assert fields["Content-Type"] == "application/json"
            return self._create(json.loads(body))
        if path.startswith(f"{records}/") and method == "DELETE":
            return self._delete(path.rpartition("/")[2])
        return _failed(404, 7003, "Could not route, perhaps your object identifier is invalid?")

    def _delete(self, wanted: str) -> tuple[int, dict[str, Any]]:
        kept = [each for each in self.records if each["id"] != wanted]
        if len(kept) == len(self.records):
            return _failed(404, 81044, "Record does not exist.")
        self.records = kept
        return 200, {"success": True, "errors": [], "messages": [], "result": {"id": wanted}}

    def _create(self, record: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if not record["name"].endswith("a.test") or set(record) - {
            "type",
            "name",
            "content",
            "ttl",
        }:
            return _failed(400, 9005, "Content for the record is invalid.")
        if record["ttl"] != 1 and not 60 <= record["ttl"] <= 86_400:
            return _failed(400, 9021, "Invalid TTL. Must be between 60 and 86400 seconds, or 1.")
        for each in self.records:
            if all(each[name] == record[name] for name in ("type", "name", "content")):
                return _failed(400, 81058, "An identical record already exists.")
        self.add(record["type"], record["name"], record["content"])
        self.records[-1]["ttl"] = record["ttl"]
        return 200, {"success": True, "errors": [], "messages": [], "result": self.records[-1]}

    def _page(
        self, found: list[dict[str, Any]], query: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        page = int(query.get("page", "1"))
        per_page = self.per_page or int(query.get("per_page", "100"))
        part = found[(page - 1) * per_page : page * per_page]
        info = {
            "page": page,
            "per_page": per_page,
            "count": len(part),
            "total_count": len(found),
            "total_pages": -(-len(found) // per_page),
        }
        return 200, {
            "success": True,
            "errors": [],
            "messages": [],
            "result": part,
            "result_info": info,
        }

    @staticmethod
    def _send(
        writer: asyncio.StreamWriter, status: int, answer: dict[str, Any], more: str = ""
    ) -> None:
        text = json.dumps(answer)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}"
        writer.write(f"{head}Content-Length: {len(text)}\r\n\r\n{text}".encode())


def _zones(query: dict[str, str]) -> list[dict[str, Any]]:
    zone = {"id": ZONE_ID, "name": "a.test", "status": "active", "type": "full"}
    return [zone] if query.get("name") == "a.test" else []


def _matches(record: dict[str, Any], query: dict[str, str]) -> bool:
    return all(query.get(name, record[name]) == record[name] for name in ("type", "name"))


def _failed(status: int, code: int, message: str) -> tuple[int, dict[str, Any]]:
    error = {"code": code, "message": message}
    return status, {"success": False, "errors": [error], "messages": [], "result": None}
