"""Authority: a certificate authority of our own.

It has a root, which people trust, and an intermediate, which the root has signed and which signs
for sites. The root's key is read only when it is needed.
Source: https://caddyserver.com/docs/json/apps/pki/certificate_authorities/.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from snake.core.errors import StartError
from snake.core.modules import Context
from snake.core.units import SECOND, Span
from snake.pki.pair import Pair, PairError, to_pem
from snake.pki.signing import new_intermediate, new_leaf, new_root
from snake.pki.terms import Terms
from snake.pki.vault import INTERMEDIATE, ROOT, Vault
from snake.storage.storage import Storage, StorageError
from snake.tls.issuer import IssueError

log = logging.getLogger("snake.pki")

_LARGEST_REQUEST = 64 << 10
"""Bytes. One for a hundred names has about three thousand."""


class Authority:
    """One authority. Make it with `provision`."""

    def __init__(
        self, ctx: Context, terms: Terms, storage: Storage, now: Callable[[], float]
    ) -> None:
        self.terms = terms
        self._ctx = ctx
        self._vault = Vault(storage, terms.id)
        self._now = now
        self._root: Pair
        self._intermediate: Pair
        self._told_of_root = False

    @classmethod
    async def provision(
        cls,
        ctx: Context,
        terms: Terms,
        storage: Storage,
        now: Callable[[], float] = time.time,
    ) -> Authority:
        """Return an authority; what it lacks is made. Raises `StartError` at its place in `ctx`."""
        self = cls(ctx, terms, storage, now)
        try:
            await self._load()
        except (PairError, StorageError) as error:
            raise StartError(str(error), ctx.path) from None
        return self

    @property
    def id(self) -> str:
        """What the configuration calls it."""
        return self.terms.id

    @property
    def root(self) -> x509.Certificate:
        """The certificate that is to be trusted."""
        return self._root.certificate

    @property
    def root_place(self) -> str:
        """Where its certificate is: a file, or a key of the storage."""
        given = self.terms.root
        return given.certificate if given else self._vault.place(ROOT)

    @property
    def root_pem(self) -> str:
        """The root as text."""
        return to_pem(self.root)

    @property
    def intermediate(self) -> x509.Certificate:
        """The certificate that signs at present."""
        return self._intermediate.certificate

    @property
    def intermediate_pem(self) -> str:
        """The intermediate as text, and what is between it and the root."""
        return to_pem(*self._intermediate.chain)

    async def issue(
        self,
        request: bytes,
        *,
        lifetime: float,
        names: Sequence[str] = (),
        sign_with_root: bool = False,
        begin: float | None = None,
    ) -> str:
        """Return a certificate as PEM, with what has signed it.

        `request` is a signing request in DER (RFC 2986). The certificate is for `names`, or for
        those of the request if there are none here. It is valid for `lifetime` seconds from now, or
        from `begin`, but no longer than what signs it. Raises `IssueError`.
        """
        try:
            issuer = await self._root_with_key() if sign_with_root else self._intermediate
        except (PairError, StorageError) as error:
            raise IssueError(f"cannot read the root of the authority {self.id}: {error}") from None
        if issuer.key is None:
            which = ROOT if sign_with_root else INTERMEDIATE
            raise IssueError(
                f"the {which} of the authority {self.id} was given without its private key",
                lasting=True,
            )
        now = self._now()
        begin = now if begin is None else begin
        end = begin + lifetime
        if end > issuer.ends:
            end = issuer.ends
            self._log(
                logging.WARNING,
                "certificate would outlive its issuer; made it shorter",
                not_after=int(end),
            )
        if int(end) <= int(max(begin, now)):
            raise IssueError(f"the certificate that signs for the authority {self.id} has expired")
        leaf = _leaf(request, names, issuer, begin, end)
        return to_pem(leaf, *issuer.chain)

    async def maintain(self, now: float) -> None:
        """Renew what is due at `now`. Raises `PairError` and `StorageError`."""
        if self.terms.root is None and now >= self._root.ages(self.terms.ratio):
            self._tell_of_root()
        if self.terms.intermediate is not None or now < self._renewal:
            return
        left = Span(max(0, self._intermediate.ends - now) * SECOND)
        self._log(logging.INFO, "intermediate expires soon; renewing", time_remaining=str(left))
        self._intermediate = await self._fresh_intermediate(now)
        self._log(logging.INFO, "renewed intermediate", new_expiration=int(self._intermediate.ends))

    def due(self, now: float) -> float:
        """Return when to look again, in seconds since the epoch: in an interval, or before."""
        later = now + self.terms.interval
        return later if self.terms.intermediate is not None else min(later, self._renewal)

    @property
    def _renewal(self) -> float:
        return self._intermediate.ages(self.terms.ratio)

    async def _load(self) -> None:
        now = self._now()
        root, fault = await self._known_root()
        self._root = Pair(root.chain[:1], None)
        given = self.terms.intermediate
        if given is not None:
            self._intermediate = Pair.read_files(given.certificate, given.private_key)
            return
        left = root.ends - now
        if self.terms.intermediate_lifetime >= left:
            span = Span(left * SECOND)
            hint = "" if self.terms.root else f"; without {self.root_place} a new root is made"
            raise PairError(
                "the lifetime of the intermediate certificate must be less than what is left of "
                f"that of the root, which is {span}{hint}"
            )
        self._intermediate = await self._stored_intermediate(now) or (
            await self._renewed_or_old(now)
        )
        if fault is not None:
            self._log(
                logging.ERROR,
                "root key cannot be read: nothing is renewed when the intermediate ends",
                error=str(fault),
                not_after=int(self._intermediate.ends),
            )

    async def _known_root(self) -> tuple[Pair, Exception | None]:
        """Return the root; without its key, and why, if only that cannot be read.

        Who has an intermediate that is valid can do without for a while.
        """
        try:
            return await self._root_with_key(), None
        except (PairError, StorageError) as error:
            known = None
            if self.terms.root is None:
                with suppress(PairError, StorageError):
                    known = await self._vault.load_certificate(ROOT)
            if known is None:
                raise
            return known, error

    async def _renewed_or_old(self, now: float) -> Pair:
        """Return a fresh intermediate; one that is valid yet, if there can be none.

        Raises `PairError` and `StorageError` if there is neither.
        """
        try:
            return await self._fresh_intermediate(now)
        except (PairError, StorageError) as error:
            old = await self._stored_intermediate(now, ratio=0)
            if old is None:
                raise
            self._log(logging.ERROR, "intermediate cannot be renewed", error=str(error))
            return old

    async def _root_with_key(self) -> Pair:
        given = self.terms.root
        if given is not None:
            return Pair.read_files(given.certificate, given.private_key)
        found = await self._vault.load(ROOT)
        if found is not None:
            return found
        async with self._vault.lock():
            found = await self._vault.load(ROOT)
            if found is None:
                name = self.terms.common_name(self._ctx, self.terms.root_name)
                found = new_root(name, self._now())
                await self._vault.save(ROOT, found)
            return found

    async def _stored_intermediate(self, now: float, ratio: float | None = None) -> Pair | None:
        """Return the intermediate in the storage, if it serves and `ratio` of it is left.

        One that does not is replaced: nobody has to trust it by itself.
        """
        try:
            found = await self._vault.load(INTERMEDIATE)
        except PairError as error:
            self._log(logging.WARNING, "intermediate cannot be used", error=str(error))
            return None
        left = self.terms.ratio if ratio is None else ratio
        if found is None or now >= found.ages(left):
            return None
        if not found.signed_by(self._root):
            self._log(logging.WARNING, "intermediate is not of this root; making another")
            return None
        return found

    async def _fresh_intermediate(self, now: float) -> Pair:
        async with self._vault.lock():
            # Who shares the storage may have been faster.
            found = await self._stored_intermediate(now)
            if found is not None:
                return found
            root = await self._root_with_key()
            if root.key is None:
                raise PairError(
                    f"the root of the authority {self.id} has no private_key, which signs "
                    "intermediates; give it, or an intermediate"
                )
            name = self.terms.common_name(self._ctx, self.terms.intermediate_name)
            end = min(now + self.terms.intermediate_lifetime, root.ends)
            found = new_intermediate(name, root, now, end)
            await self._vault.save(INTERMEDIATE, found)
            return found

    def _tell_of_root(self) -> None:
        if not self._told_of_root:
            self._log(
                logging.WARNING,
                "root certificate expires soon; a new one is made when its file is gone, "
                "and has to be trusted anew",
                path=self.root_place,
                not_after=int(self._root.ends),
            )
        self._told_of_root = True

    def _log(self, level: int, message: str, **fields: str | int) -> None:
        log.log(level, message, extra={"fields": {"ca": self.id, **fields}})


def _leaf(
    request: bytes, names: Sequence[str], issuer: Pair, begin: float, end: float
) -> x509.Certificate:
    if len(request) > _LARGEST_REQUEST:
        raise IssueError("the signing request is too large", lasting=True)
    try:
        found = x509.load_der_x509_csr(request)
        if not found.is_signature_valid:
            raise IssueError("the signing request is not signed by its own key", lasting=True)
        return new_leaf(found, names, issuer, begin, end)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise IssueError(f"the signing request cannot be used: {error}", lasting=True) from None
