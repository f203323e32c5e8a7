"""The questions that the server's side of SMTP asks its policy."""

from collections.abc import Callable
from functools import partial

from mailkit.sansio import Call, Conversation, Sleep
from mailkit.smtp.policy import Judgement, Later, Policy, guarded
from mailkit.smtp.reply import Reply
from mailkit.smtp.serverwire import ServerWire

__all__ = ["ask"]


def ask(policy: Policy, wire: ServerWire, name: str, *arguments: object) -> Conversation[Reply | None]:
    """Ask the policy: beside the wire when it may block, and not at all when it has no view of its own."""
    method = getattr(policy, name)
    if getattr(method, "__func__", None) is getattr(Policy, name):
        return None
    question: Callable[[], Judgement] = partial(method, *arguments)
    while True:
        if policy.may_block:
            verdict: Judgement = yield Call(partial(guarded, question))
        else:
            verdict = guarded(question)
        if not isinstance(verdict, Later):
            return verdict
        yield from wire.flush()  # what was said before does not wait as well
        yield Sleep(verdict.seconds)
        question = verdict.then
