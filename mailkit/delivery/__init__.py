"""Delivery with patience: mailers, the retry policy, the pace, hooks, the ledger of keys, and the receipt."""

from mailkit.delivery.copies import SentCopies
from mailkit.delivery.desk import Mail
from mailkit.delivery.hook import Hook
from mailkit.delivery.ledger import Ledger
from mailkit.delivery.mailer import AsyncMailer, Mailer
from mailkit.delivery.pace import Rate
from mailkit.delivery.receipt import Receipt
from mailkit.delivery.retry import Retry
from mailkit.delivery.throttle import Throttle

__all__ = ["AsyncMailer", "Hook", "Ledger", "Mail", "Mailer", "Rate", "Receipt", "Retry", "SentCopies", "Throttle"]
