"""Budget: one amount that many share, of which each gets a fair part even when it is used up."""

from __future__ import annotations


class Budget:
    """An amount of bytes or of connections."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.accounts = 0
        """How many accounts hold anything."""

    def account(self) -> Account:
        """Return an account that draws on it."""
        return Account(self)


class Account:
    """What one namespace holds of a budget.

    While there is any left it takes what it likes. When there is none, it still gets
    as much as everybody would have with equal parts, so that nobody is shut out
    by those who came before. All together never take more than twice the budget.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.used = 0

    def take(self, amount: int) -> bool:
        """Take an amount; a negative one gives back. Returns `False` if that is too much."""
        if amount > 0 and not self._may(amount):
            return False
        self._budget.accounts += (self.used + amount > 0) - (self.used > 0)
        self._budget.used += amount
        self.used += amount
        return True

    def _may(self, amount: int) -> bool:
        budget = self._budget
        after = budget.used + amount
        if after <= budget.limit:
            return True
        part = budget.limit // (budget.accounts + (self.used == 0))
        return self.used + amount <= part and after <= 2 * budget.limit
