"""Authority: one CA that certificates are ordered from."""

from __future__ import annotations

from collections.abc import Mapping

from snake.acme.account import Account, Accounts
from snake.acme.authorizing import Authorizing, RejectedError
from snake.acme.chain import Chain
from snake.acme.client import Client
from snake.acme.dealings import Dealings
from snake.acme.order import Ordering, Wanted
from snake.acme.polling import Polling
from snake.acme.problem import ACCOUNT_DOES_NOT_EXIST, UNAUTHORIZED, ProblemError
from snake.acme.solver import Solver


class Authority:
    """A CA, the account with it, and what can be solved for it."""

    def __init__(
        self,
        client: Client,
        accounts: Accounts,
        solvers: Mapping[str, Solver],
        dealings: Dealings,
        poll_timeout: float,
    ) -> None:
        self.client = client
        self.email = accounts.email
        self._accounts = accounts
        self._solvers = solvers
        self._dealings = dealings
        self._polling = Polling(client, poll_timeout)

    async def obtain(self, wanted: Wanted) -> tuple[Chain, Account]:
        """Return what was ordered, and who ordered it.

        An account that the CA does not know any more is made anew, once. Raises what `Accounts.get`
        and `Ordering.obtain` raise.
        """
        account = await self._accounts.get()
        try:
            return await self._ordered(account, wanted), account
        except ProblemError as error:
            refused = error.kind in (ACCOUNT_DOES_NOT_EXIST, UNAUTHORIZED)
            if not refused or isinstance(error, RejectedError):
                raise
            another = await self._accounts.renew(account)
            if another is None:
                raise
        return await self._ordered(another, wanted), another

    async def _ordered(self, account: Account, wanted: Wanted) -> Chain:
        authorizing = Authorizing(
            self.client, account, self._solvers, self._dealings.history, self._polling
        )
        return await Ordering(self.client, account, authorizing, self._polling).obtain(wanted)
