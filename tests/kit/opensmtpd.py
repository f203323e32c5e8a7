"""A real OpenSMTPD on a loopback port of its own, in a root folder of its own.

Debian 12 builds it with an OpenSSL that it does not get along with: STARTTLS is offered, and every handshake fails. So
there is no TLS here, and without TLS it offers no AUTH.
"""

import shutil
from dataclasses import dataclass

from tests.kit.daemon import DOMAIN, NOBODY, Daemon, in_maildir, without
from tests.kit.jail import furnish, unpacked

PACKAGE = "opensmtpd"
# The process that talks to clients and the one that keeps the queue are different users.
USERS = {"opensmtpd": NOBODY - 1, "opensmtpq": NOBODY - 2, "mailbox": NOBODY}

SMTPD_CONF = """\
pki server cert "/etc/server.pem"
pki server key "/etc/server.pem"
smtp max-message-size "{size_limit}"
# Everybody shares one Maildir, and Delivered-To tells whose a message is.
table people {{ "@" = "mailbox" }}

filter unknown phase rcpt-to match rcpt-to "unknown@{domain}" reject "550 5.1.1 User unknown"
filter later phase rcpt-to match rcpt-to "later@{domain}" reject "451 4.2.0 Mailbox busy, try again later"
filter recipients chain {{ unknown, later }}

listen on {host} port {port} tls pki server hostname mail.{domain} filter recipients

action "deliver" maildir "/var/mail/all" virtual <people>
match from any for domain "{domain}" action "deliver"
"""


@dataclass(frozen=True)
class Opensmtpd(Daemon):
    """One running OpenSMTPD: anybody may write to `port`."""

    title = "OpenSMTPD"
    port_count = 1

    @classmethod
    def missing(cls) -> str | None:
        return without(cls.title) or unpacked(PACKAGE, "usr/sbin/smtpd")

    @property
    def port(self) -> int:
        return self.ports[0]

    def messages(self, name: str) -> list[bytes]:
        found = in_maildir(self.spool / "var/mail/all", "Delivered-To", name)
        return [message for _, message in sorted(found)]

    def _configure(self) -> None:
        furnish(self.spool, PACKAGE, USERS)
        for folder, mode in (("var/spool/smtpd", 0o711), ("var/mail", 0o755), ("var/run", 0o755), ("var/empty", 0o755)):
            path = self.spool / folder
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(mode)
        shutil.chown(self.spool / "var/mail", NOBODY)
        shutil.copy2(self.folder / "server.pem", self.spool / "etc/server.pem")
        configuration = SMTPD_CONF.format(domain=DOMAIN, host=self.host, port=self.port, size_limit=self.size_limit)
        (self.spool / "etc/smtpd.conf").write_text(configuration)

    def _command(self) -> list[str]:
        return ["chroot", str(self.spool), "/usr/sbin/smtpd", "-d"]
