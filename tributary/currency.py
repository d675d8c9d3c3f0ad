"""Amounts of money, from minor units of a currency."""

from __future__ import annotations

from decimal import Decimal

_DECIMALS = {
    currency: decimals
    for decimals, currencies in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for currency in currencies.split()
}
"""Currencies whose minor unit is not a hundredth, from ISO 4217's list one."""


def decimals(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    return _DECIMALS.get(currency, 2)


def major(minor: int, currency: str) -> Decimal:
    """An amount in the currency's own unit, with as many decimals as it has: 1234 EUR is 12.34, 1234 JPY is 1234."""
    sign, digits, _ = Decimal(minor).as_tuple()
    # Not `scaleb`, which rounds to 28 digits.
    return Decimal((sign, digits, -decimals(currency)))


def amount(minor: int, currency: str) -> str:
    """The amount for people, without the currency's name: `1,234.50`."""
    return f"{major(minor, currency):,f}"
