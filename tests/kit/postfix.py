"""A real Postfix on loopback ports of its own, for tests that need a mail server and not an imitation."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.kit.daemon import DOMAIN, NOBODY, Relaying, in_maildir, without

__all__ = ["DOMAIN", "Postfix"]

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {spool}/queue
data_directory = {spool}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}

inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.{domain}
mydomain = {domain}
myorigin = {domain}
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
alias_maps =
# No DNS: a test must not depend on what the machine's resolver makes of 127.0.0.1.
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
in_flow_delay = 0
message_size_limit = {size_limit}
smtputf8_enable = yes
# Messages arrive as they were sent: no header completed, no address rewritten.
local_header_rewrite_clients =
notify_classes =
fast_flush_domains =

# Long queue names sort by time, which is how messages() knows the order of arrival.
enable_long_queue_ids = yes
# virtual(8) takes no $1 from a regexp map, so everybody shares one Maildir and Delivered-To tells whose a message is.
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {spool}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{user_id}
virtual_gid_maps = static:{group_id}
virtual_transport = {delivery}
# Nothing may leave the machine, whatever a test sends.
default_transport = error:5.7.1 This server delivers to {domain} only
relay_transport = $default_transport

smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{ unknown@{domain} = 550 5.1.1 User unknown }},
    {{ later@{domain} = 450 4.2.0 Mailbox busy, try again later }} }}

smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/server.pem
smtpd_tls_loglevel = 1
smtpd_tls_auth_only = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {domain}
# Debian's Postfix looks in the folder "sasl" beside main.cf whatever this says.
cyrus_sasl_config_path = {folder}/sasl
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{submission_port} inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
127.0.0.1:{smtps_port} inet n - n - - smtpd
  -o syslog_name=postfix/smtps
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

SMTPD_CONF = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {spool}/accounts
mech_list: {mechanisms}
"""


@dataclass(frozen=True)
class Postfix(Relaying):
    """One running Postfix: anybody may write to `port`; the other two ask for a password.

    `delivery` is the transport for what arrives (transport(5)): `lmtp:inet:127.0.0.1:PORT` hands it to an LMTP server,
    `discard:` takes everything and keeps nothing.
    """

    delivery: str = "virtual"
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")

    title = "Postfix"

    @classmethod
    def missing(cls) -> str | None:
        return without(cls.title, "postfix", "saslpasswd2")

    @property
    def log_file(self) -> Path:
        return self.folder / "mail.log"

    def messages(self, name: str) -> list[bytes]:
        """Return what was delivered to `name`@mailkit.test as Postfix stored it (LF line ends), in order of arrival."""
        arrived = []
        for path, message in in_maildir(self.spool / "mail/all", "Delivered-To", name):
            queued = re.search(rb"^Received: .*\n?.*\bwith \w+ id (\w+)", message.partition(b"\n\n")[0], re.MULTILINE)
            arrived.append((queued[1] if queued else b"", path.name, message))
        return [message for _, _, message in sorted(arrived)]

    def _configure(self) -> None:
        values = {
            "folder": self.folder,
            "spool": self.spool,
            "domain": DOMAIN,
            "port": self.port,
            "submission_port": self.submission_port,
            "smtps_port": self.smtps_port,
            "size_limit": self.size_limit,
            "delivery": self.delivery,
            "mechanisms": " ".join(self.mechanisms),
            "user_id": NOBODY,
            "group_id": NOBODY,
        }
        for directory in (self.spool / "queue", self.spool / "data", self.spool / "mail", self.folder / "sasl"):
            directory.mkdir()
            directory.chmod(0o755)
        shutil.chown(self.spool / "data", "postfix")
        os.chown(self.spool / "mail", NOBODY, NOBODY)
        (self.folder / "main.cf").write_text(MAIN_CF.format_map(values))
        (self.folder / "master.cf").write_text(MASTER_CF.format_map(values))
        (self.folder / "sasl/smtpd.conf").write_text(SMTPD_CONF.format_map(values))

        accounts = self.spool / "accounts"
        user, _, realm = self.user.partition("@")
        self._run("saslpasswd2", "-p", "-c", "-f", str(accounts), "-u", realm, user, text=self.password)
        shutil.chown(accounts, group="postfix")
        accounts.chmod(0o640)

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            self._run("postfix", "-c", str(self.folder), "start")
            yield
        finally:
            self._stop()

    def _stop(self) -> None:
        pid_file = self.spool / "queue/pid/master.pid"
        if not pid_file.exists():
            return
        master = int(pid_file.read_text())
        try:
            self._run("postfix", "-c", str(self.folder), "stop")
        except RuntimeError:
            # The master leads a process group of its own: this ends all of this Postfix, and no other.
            with suppress(ProcessLookupError):
                os.killpg(master, signal.SIGKILL)
