"""The inbox as a fixture: a server to oneself, and the settings that lead an application to it."""

from mailkit.inbox import Inbox
from mailkit.testing import framework
from mailkit.testing.box import PatientBox

__all__ = ["InboxFixture"]


class InboxFixture(PatientBox, Inbox):
    """The fixture ``inbox``: a :class:`mailkit.inbox.Inbox` that runs while a test does, and knows the settings of frameworks."""

    def __init__(self, *, patience: float = 10.0) -> None:
        super().__init__()
        self.patience = patience

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place})"

    def box(self, name: str) -> PatientBox:
        """Return the inbox of one user, who logs in by :meth:`url_for`."""
        box = PatientBox(self.archive, self._catcher, name)
        box.patience = self.patience
        return box

    def reset(self) -> None:
        """Make it as it was: no mail, no rules, nothing said."""
        for rule in self.rules:
            self.rules.remove(rule)
        self._catcher.sessions.clear()
        self.clear()

    # -- leading an application here -----------------------------------------------------------------------------------

    def environ(self) -> dict[str, str]:
        """Return the variables by which programs are told where to send: ``MAILKIT_URL``, ``SMTP_HOST``, ``SMTP_PORT`` …"""
        return framework.environ(self.host, self.port, self.url)

    def django_settings(self) -> dict[str, object]:
        """Return Django's settings, for ``override_settings``; the fixture ``django_inbox`` does that."""
        return framework.django_settings(self.host, self.port)

    def flask_config(self) -> dict[str, object]:
        """Return the configuration of Flask-Mail, which reads it when it is given the application."""
        return framework.flask_config(self.host, self.port)

    def fastapi_config(self) -> dict[str, object]:
        """Return keywords for fastapi-mail's ``ConnectionConfig``; ``MAIL_FROM`` is yours."""
        return framework.fastapi_config(self.host, self.port)
