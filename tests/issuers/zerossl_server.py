"""A server that plays ZeroSSL's API as its documentation states it, and does check names.

https://zerossl.com/documentation/api/create-certificate/
https://zerossl.com/documentation/api/verify-domains/
https://zerossl.com/documentation/api/download-certificate-inline/
"""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dns.asyncquery
import dns.message
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from snake.pki.authority import Authority
from tests.fetch.hostile import status

KEY = "0123456789abcdef0123456789abcdef"
ID = "a856a39a1c3ad08a8a606a37667d2211"
FILE = "84CE1466F4209BF8868B311366FACA20.txt"
CONTENT = ["C3B1B4C4F1E5B8A0D2", "comodoca.com", "e5b8a0d2"]
ALIAS, TARGET = "_84ce1466f4209bf8868b311366faca20", "c3b1.e5b8.comodoca.com"


class ZeroSSL:
    """An account with one certificate. Names are looked for on these ports of this machine."""

    def __init__(self, authority: Authority, http_port: int = 0, dns_port: int = 0) -> None:
        self._authority = authority
        self._http_port = http_port
        self._dns_port = dns_port
        self._csr = b""
        self.names: list[str] = []
        self.fields: dict[str, Any] = {}
        self.status = "draft"
        self.looks = 2
        self.requests: list[str] = []
        self.looked = asyncio.Event()

    async def answer(self, head: str, writer: asyncio.StreamWriter, body: bytes) -> None:
        """Answer a request."""
        method, target, _ = head.split("\r\n", maxsplit=1)[0].split(" ")
        url = urlsplit(target)
        self.requests.append(f"{method} {url.path}")
        if parse_qs(url.query) != {"access_key": [KEY]}:
            said = _failed(101, "invalid_access_key")
        else:
            if body:
                assert "Content-Type: application/json" in head
            said = await self._answer(method, url.path, json.loads(body) if body else {})
        writer.write(status(200, json.dumps(said).encode()))

    async def _answer(self, method: str, path: str, fields: dict[str, Any]) -> dict[str, Any]:
        match method, path.removeprefix(f"/certificates/{ID}"):
            case "POST", "/certificates":
                return self._create(fields)
            case "POST", "/challenges":
                return await self._verify(fields["validation_method"])
            case "GET", "":
                self.looks -= 1
                self.looked.set()
                if self.status == "pending_validation" and self.looks <= 0:
                    self.status = "issued"
                return self._order()
            case "GET", "/download/return" if self.status == "issued":
                chain = await self._authority.issue(self._csr, lifetime=3600)
                leaf, mark, rest = chain.partition("-----END CERTIFICATE-----")
                return {"certificate.crt": leaf + mark, "ca_bundle.crt": rest}
            case "POST", "/cancel":
                self.status = "cancelled"
                return {"success": 1}
        return _failed(2803, "certificate_not_found")

    def _create(self, fields: dict[str, Any]) -> dict[str, Any]:
        self.fields = fields
        csr = x509.load_pem_x509_csr(fields["certificate_csr"].encode())
        self._csr = csr.public_bytes(serialization.Encoding.DER)
        self.names = fields["certificate_domains"].split(",")
        if "bad.test" in self.names:
            return _failed(2832, "certificate_domains_invalid")
        return self._order()

    def _order(self) -> dict[str, Any]:
        return {
            "id": ID,
            "type": "1",
            "common_name": self.names[0],
            "additional_domains": ",".join(self.names[1:]),
            "created": "2026-11-26 09:04:19",
            "expires": "2027-02-24 00:00:00",
            "status": self.status,
            "validation_type": None,
            "validation_emails": None,
            "replacement_for": "",
            "fingerprint_sha1": None,
            "brand_validation": None,
            "validation": {
                "email_validation": {name: [f"admin@{name}"] for name in self.names},
                "other_methods": {name: self._methods(name) for name in self.names},
            },
        }

    def _methods(self, name: str) -> dict[str, Any]:
        return {
            "file_validation_url_http": f"http://{name}/.well-known/pki-validation/{FILE}",
            "file_validation_url_https": f"https://{name}/.well-known/pki-validation/{FILE}",
            "file_validation_content": CONTENT,
            "cname_validation_p1": f"{ALIAS}.{name}",
            "cname_validation_p2": TARGET,
        }

    async def _verify(self, method: str) -> dict[str, Any]:
        proves = {"HTTP_CSR_HASH": self._by_file, "CNAME_CSR_HASH": self._by_alias}[method]
        found = {name: await proves(name) for name in self.names}
        if not all(found.values()):
            details = {name: {name: {"file_found": int(yes)}} for name, yes in found.items()}
            return _failed(0, "domain_control_validation_failed", details)
        self.status = "pending_validation"
        return self._order()

    async def _by_file(self, name: str) -> bool:
        url = f"http://127.0.0.1:{self._http_port}/.well-known/pki-validation/{FILE}"
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(url, headers={"Host": name})
            except httpx.HTTPError:
                return False
        return answer.status_code == 200 and answer.text == "\n".join(CONTENT)

    async def _by_alias(self, name: str) -> bool:
        query = dns.message.make_query(f"{ALIAS}.{name}", "CNAME")
        answer = await dns.asyncquery.udp(query, "127.0.0.1", timeout=5, port=self._dns_port)
        found = [record.to_text() for each in answer.answer for record in each]
        return found == [f"{TARGET}."]


def _failed(code: int, type: str, details: Any = None) -> dict[str, Any]:
    error = {"code": code, "type": type, **({"details": details} if details else {})}
    return {"success": False, "error": error}
