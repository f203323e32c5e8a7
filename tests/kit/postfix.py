"""A real Postfix on loopback ports of its own, for tests that need a mail server and not an imitation."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import trustme

DOMAIN = "mailkit.test"
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
PROGRAMS = ("postfix", "saslpasswd2")
START_WITHIN = 30.0

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
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""

SMTPD_CONF = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {spool}/accounts
mech_list: PLAIN LOGIN
"""


@dataclass(frozen=True)
class Postfix:
    """One running Postfix: where it listens, who may log in, and what it delivered."""

    folder: Path
    spool: Path
    port: int
    submission_port: int
    smtps_port: int
    host: str = "127.0.0.1"
    tls_name: str = "localhost"
    user: str = f"ada@{DOMAIN}"
    password: str = "correct horse"
    size_limit: int = 20 * 1024 * 1024

    @staticmethod
    def missing() -> str | None:
        """Say what keeps Postfix from being started here, or None."""
        absent = [program for program in PROGRAMS if shutil.which(program, path=SEARCH_PATH) is None]
        if absent:
            return f"not installed: {', '.join(absent)} (apt-get install postfix sasl2-bin libsasl2-modules)"
        if os.geteuid() != 0:
            return "Postfix starts as root only"
        return None

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[Self]:
        """Run a Postfix with its configuration, certificates and log in `folder` until the block ends."""
        with ExitStack() as cleanup:
            # Postfix drops root, and pytest's folders are closed to everybody but their owner.
            spool_folder = tempfile.TemporaryDirectory(prefix="postfix-", ignore_cleanup_errors=True)
            spool = Path(cleanup.enter_context(spool_folder)).resolve()
            spool.chmod(0o755)
            port, submission_port, smtps_port = _free_ports(3)
            server = cls(folder.resolve(), spool, port, submission_port, smtps_port)
            server._configure()
            cleanup.callback(server._stop)
            server._start()
            yield server

    @property
    def ca_file(self) -> Path:
        """The certificate (PEM) of the authority that a client must trust."""
        return self.folder / "ca.pem"

    def messages(self, name: str) -> list[bytes]:
        """Return what was delivered to `name`@mailkit.test as Postfix stored it (LF line ends), in order of arrival."""
        arrived = []
        for path in (self.spool / "mail/all/new").glob("*"):
            message = path.read_bytes()
            headers = message.partition(b"\n\n")[0]
            owner = re.search(rb"^Delivered-To: (.+)$", headers, re.MULTILINE)
            queued = re.search(rb"^Received: .*\n?.*\bwith \w+ id (\w+)", headers, re.MULTILINE)
            if owner is None:
                raise RuntimeError(f"{path} has no Delivered-To header")
            if owner[1].decode().casefold() == f"{name}@{DOMAIN}".casefold():
                arrived.append((queued[1] if queued else b"", path.name, message))
        return [message for _, _, message in sorted(arrived)]

    def wait_for(self, name: str, count: int = 1, within: float = 10.0) -> list[bytes]:
        """Return the messages for `name` once there are at least `count`, or fail with the end of the mail log."""
        deadline = time.monotonic() + within
        while len(found := self.messages(name)) < count:
            if time.monotonic() > deadline:
                log = "\n".join(self.log().splitlines()[-40:])
                raise AssertionError(f"{len(found)} of {count} messages for {name} after {within} s; mail log:\n{log}")
            time.sleep(0.05)
        return found

    def wait_for_log(self, text: str, within: float = 10.0) -> str:
        """Return the mail log once `text` is in it, or fail with its end: Postfix writes it when it finds the time."""
        deadline = time.monotonic() + within
        while text not in (log := self.log()):
            if time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} in the mail log:\n" + "\n".join(log.splitlines()[-40:]))
            time.sleep(0.05)
        return log

    def log(self) -> str:
        """Return the mail log so far."""
        path = self.folder / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _configure(self) -> None:
        nobody = 65534
        values = {
            "folder": self.folder,
            "spool": self.spool,
            "domain": DOMAIN,
            "port": self.port,
            "submission_port": self.submission_port,
            "smtps_port": self.smtps_port,
            "size_limit": self.size_limit,
            "user_id": nobody,
            "group_id": nobody,
        }
        for directory in (self.spool / "queue", self.spool / "data", self.spool / "mail", self.folder / "sasl"):
            directory.mkdir()
            directory.chmod(0o755)
        shutil.chown(self.spool / "data", "postfix")
        os.chown(self.spool / "mail", nobody, nobody)
        (self.folder / "main.cf").write_text(MAIN_CF.format_map(values))
        (self.folder / "master.cf").write_text(MASTER_CF.format_map(values))
        (self.folder / "sasl/smtpd.conf").write_text(SMTPD_CONF.format_map(values))

        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = authority.issue_cert(self.tls_name, self.host)
        certificate.private_key_and_cert_chain_pem.write_to_path(self.folder / "server.pem")
        (self.folder / "server.pem").chmod(0o600)

        accounts = self.spool / "accounts"
        user, _, realm = self.user.partition("@")
        self._run("saslpasswd2", "-p", "-c", "-f", str(accounts), "-u", realm, user, text=self.password)
        shutil.chown(accounts, group="postfix")
        accounts.chmod(0o640)

    def _start(self) -> None:
        self._run("postfix", "-c", str(self.folder), "start")
        deadline = time.monotonic() + START_WITHIN
        for port in (self.port, self.submission_port, self.smtps_port):
            while not _accepts(self.host, port):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"Postfix does not listen on port {port}:\n{self.log()}")
                time.sleep(0.05)

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

    def _run(self, program: str, *arguments: str, text: str = "") -> None:
        """Run one of Postfix's programs; what it prints goes to a file, since a daemon would keep a pipe open."""
        output = self.folder / "output.log"
        command = [shutil.which(program, path=SEARCH_PATH) or program, *arguments]
        try:
            with output.open("wb") as sink:
                subprocess.run(
                    command,
                    check=True,
                    input=text.encode(),
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    timeout=START_WITHIN,
                    env={"PATH": SEARCH_PATH, "LC_ALL": "C"},
                )
        except subprocess.SubprocessError as problem:
            raise RuntimeError(f"{problem}\n{output.read_text(errors='replace')}{self.log()}") from problem


def _free_ports(count: int) -> list[int]:
    """Find ports that nobody uses; all are held until all are found, so that no two are the same."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [found.getsockname()[1] for found in sockets]


def _accepts(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=5):
        return True
    return False
