"""A real Dovecot on loopback ports of its own: submission, LMTP, IMAP and POP3, with its mailboxes in a temporary folder."""

import hashlib
import hmac
import json
import os
import shutil
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.kit.daemon import DOMAIN, NOBODY, Daemon, without

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2")
READERS = 400  # who have a mailbox to themselves, each for one test
TOKEN_KEY = b"the key that signs the tokens of the tests"

DOVECOT_CONF = """\
protocols = submission lmtp imap pop3
listen = {host}
base_dir = {spool}/run
state_dir = {spool}/state
log_path = {folder}/mail.log
log_timestamp = "%Y-%m-%d %H:%M:%S "
auth_verbose = yes
hostname = mail.{domain}
instance_name = mailkit-{ports[0]}

ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
auth_mechanisms = {mechanisms} apop
# A wrong password is answered at once, the first one and all that follow.
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}

# Every scrambled form is made from the plain password; of a token the signature is checked.
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {spool}/users
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 apop
}}
passdb {{
  driver = oauth2
  args = {spool}/oauth2.conf
  mechanisms = oauthbearer xoauth2
}}
# Everybody has a mailbox but those who are named here, each for a reason.
userdb {{
  driver = passwd-file
  args = username_format=%u {spool}/unknown
  result_success = return-fail
  result_failure = continue
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {spool}/special
}}
userdb {{
  driver = static
  args = uid={owner} gid={owner} home={spool}/homes/%n allow_all_users=yes
}}
mail_location = maildir:~/Maildir
mail_plugins = quota
first_valid_uid = 1
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=1G
  quota_grace = 0
}}

submission_relay_host = {host}
submission_relay_port = {relay_port}
submission_relay_trusted = no
submission_max_mail_size = {size_limit}
submission_max_recipients = 1000
service submission-login {{
  inet_listener submission {{
    port = {ports[0]}
  }}
  inet_listener submissions {{
    port = {ports[1]}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {ports[2]}
  }}
  unix_listener {spool}/lmtp {{
    mode = 0666
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {ports[3]}
  }}
  inet_listener imaps {{
    port = {ports[4]}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {ports[5]}
  }}
  inet_listener pop3s {{
    port = {ports[6]}
    ssl = yes
  }}
}}
protocol lmtp {{
  auth_username_format = %Lu
}}
"""

OAUTH2_CONF = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={spool}/keys/
username_attribute = sub
"""


@dataclass(frozen=True)
class Dovecot(Daemon):
    """One running Dovecot. What is submitted goes on to the SMTP server at `relay_port`, which the test runs.

    LMTP delivers to everybody but `unknown` (550), `later` (451) and `full`, whose mailbox holds nothing any more (552
    after the end of data).
    """

    relay_port: int = 0

    title = "Dovecot"
    port_count = 7

    @classmethod
    def missing(cls) -> str | None:
        return without(cls.title, "dovecot")

    @property
    def port(self) -> int:
        """Submission, with STARTTLS."""
        return self.ports[0]

    @property
    def smtps_port(self) -> int:
        """Submission, with TLS from the start."""
        return self.ports[1]

    @property
    def lmtp_port(self) -> int:
        return self.ports[2]

    @property
    def lmtp_socket(self) -> Path:
        return self.spool / "lmtp"

    @property
    def imap_port(self) -> int:
        return self.ports[3]

    @property
    def imaps_port(self) -> int:
        return self.ports[4]

    @property
    def pop3_port(self) -> int:
        return self.ports[5]

    @property
    def pop3s_port(self) -> int:
        return self.ports[6]

    @property
    def log_file(self) -> Path:
        return self.folder / "mail.log"

    def messages(self, name: str) -> list[bytes]:
        """Return what is in the mailbox of `name`, whether it came by LMTP or was put there by IMAP."""
        maildir = self.spool / "homes" / name / "Maildir"
        return [path.read_bytes() for path in sorted([*maildir.glob("new/*"), *maildir.glob("cur/*")])]

    @staticmethod
    def reader(number: int) -> str:
        """Return one of the users who have a mailbox to themselves."""
        return f"reader{number}@{DOMAIN}"

    def fill(self, user: str, messages: Iterable[bytes]) -> None:
        """Put messages into somebody's inbox at once, as a server writes them to the disk: with LF line ends."""
        maildir = self.spool / "homes" / user.partition("@")[0] / "Maildir"
        for folder in (maildir / "new", maildir / "cur", maildir / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for number, message in enumerate(messages):
            path = maildir / "new" / f"{1_700_000_000 + number}.M{number:06}.test"
            path.write_bytes(message.replace(b"\r\n", b"\n"))
        for path in (maildir.parent, maildir, *maildir.rglob("*")):
            os.chown(path, NOBODY, NOBODY)

    def token(self, lifetime: float = 3600.0) -> str:
        """Return a token (JWT, RFC 7519) that lets `user` in by OAUTHBEARER or XOAUTH2."""
        now = int(time.time())  # noqa: TID251 - the clock that the server goes by
        head = {"alg": "HS256", "typ": "JWT"}
        claims = {"sub": self.user, "iat": now, "nbf": now - 60, "exp": int(now + lifetime), "iss": "tests"}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{_base64url(hmac.digest(TOKEN_KEY, signed.encode(), hashlib.sha256))}"

    def _configure(self) -> None:
        for folder in ("run", "state", "homes", "keys/default/HS256"):
            (self.spool / folder).mkdir(parents=True)
        (self.spool / "keys/default/HS256/default").write_text(b64encode(TOKEN_KEY).decode())
        homes = self.spool / "homes"
        shutil.chown(homes, NOBODY, NOBODY)
        box = f"{NOBODY}:{NOBODY}::{homes}"
        lists = {
            "users": "".join(
                f"{user}:{{PLAIN}}{self.password}\n" for user in (self.user, *map(self.reader, range(READERS)))
            ),
            "unknown": f"unknown@{DOMAIN}::{box}/unknown\n",
            "special": f"full@{DOMAIN}::{box}/full::userdb_quota_rule=*:bytes=1\n"
            f"later@{DOMAIN}::{box}/later::userdb_tempfail=yes\n",
        }
        for name, lines in lists.items():
            (self.spool / name).write_text(lines)
            shutil.chown(self.spool / name, group="dovecot")
            (self.spool / name).chmod(0o640)
        values = {
            "domain": DOMAIN,
            "folder": self.folder,
            "spool": self.spool,
            "host": self.host,
            "ports": self.ports,
            "owner": NOBODY,
            "relay_port": self.relay_port,
            "size_limit": self.size_limit,
            "mechanisms": " ".join(MECHANISMS).lower(),
        }
        (self.spool / "oauth2.conf").write_text(OAUTH2_CONF.format_map(values))
        (self.folder / "dovecot.conf").write_text(DOVECOT_CONF.format_map(values))

    def _command(self) -> list[str]:
        return ["dovecot", "-F", "-c", str(self.folder / "dovecot.conf")]


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
