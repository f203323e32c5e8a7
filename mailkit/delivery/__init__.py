"""Delivery with patience: mailers, the retry policy, the rate, and the receipt."""

from mailkit.delivery.mailer import AsyncMailer, Mailer
from mailkit.delivery.receipt import Receipt
from mailkit.delivery.retry import Retry
from mailkit.delivery.throttle import Throttle

__all__ = ["AsyncMailer", "Mailer", "Receipt", "Retry", "Throttle"]
