"""Mail clients behind one face, so that one test runs through all of them: Python's, Node's, Perl's, curl, and our own."""

import asyncio
import base64
import json
import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from mailkit import Address, AsyncMailer, Envelope, Mailer, Message
from mailkit.errors import MailkitError
from tests.kit.daemon import need
from tests.kit.judges import FOLDER

ROOT = Path(__file__).parent.parent.parent
PEERS = ROOT / ".peers" / "bin" / "python"
WITHIN = 60.0  # seconds for a program to start, send and end; none needs so long unless it is going to fail

HOST = "127.0.0.1"
NAME = "localhost"


@dataclass(frozen=True)
class Errand:
    """What a client is to send, where to, and as whom."""

    port: int
    raw: bytes
    sender: str = "ada@example.com"
    recipients: tuple[str, ...] = ("bob@example.com", "eve@example.com", "boss@example.com")
    secure: Literal["", "starttls", "implicit"] = ""
    ca_file: str = ""
    user: str = ""
    password: str = ""
    mechanism: str = ""
    options: tuple[str, ...] = field(default=())
    """Parameters of MAIL, for the clients that must be told."""

    @property
    def host(self) -> str:
        """A certificate is for a name."""
        return NAME if self.secure else HOST


@dataclass(frozen=True)
class Sent:
    """Whether the client says that its mail was taken, and what it says."""

    is_taken: bool
    said: str = ""


Send = Callable[[Errand], Sent]


def program(*command: str | Path, stdin: bytes | None = None) -> Sent:
    """Run a client to its end."""
    done = subprocess.run([str(word) for word in command], input=stdin or b"", capture_output=True, timeout=WITHIN)
    return Sent(done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace"))


# -- Python's ----------------------------------------------------------------------------------------------------------


def by_smtplib(errand: Errand) -> Sent:
    """The standard library's."""
    try:
        with ExitStack() as opened:
            context = ssl.create_default_context(cafile=errand.ca_file) if errand.ca_file else None
            client = opened.enter_context(
                smtplib.SMTP_SSL(errand.host, errand.port, timeout=10, context=context)
                if errand.secure == "implicit"
                else smtplib.SMTP(errand.host, errand.port, timeout=10)
            )
            if errand.secure == "starttls":
                client.starttls(context=context)
            if errand.mechanism:
                client.ehlo()
                client.user, client.password = errand.user, errand.password
                step = getattr(client, f"auth_{errand.mechanism.lower().replace('-', '_')}")
                client.auth(errand.mechanism, step)
            elif errand.user:
                client.login(errand.user, errand.password)
            client.sendmail(errand.sender, errand.recipients, errand.raw, mail_options=errand.options)
    except smtplib.SMTPException as error:
        return Sent(is_taken=False, said=repr(error))
    return Sent(is_taken=True)


def by_aiosmtplib(errand: Errand) -> Sent:
    """The one most used with asyncio, from the peers' environment."""
    need("aiosmtplib", None if PEERS.exists() else "not installed (make peers)")
    told = {**asdict(errand), "raw": base64.b64encode(errand.raw).decode()}
    return program(PEERS, ROOT / "tests" / "kit" / "sendlab.py", stdin=json.dumps(told).encode())


# -- our own -----------------------------------------------------------------------------------------------------------


def by_mailer(errand: Errand) -> Sent:
    """Ours, blocking."""
    message, envelope = _ours(errand)
    try:
        with Mailer(_url(errand)) as mailer:
            return Sent(mailer.send(message, envelope=envelope).is_complete)
    except MailkitError as error:
        return Sent(is_taken=False, said=str(error))


def by_async_mailer(errand: Errand) -> Sent:
    """Ours, with asyncio."""
    message, envelope = _ours(errand)

    async def send() -> Sent:
        async with AsyncMailer(_url(errand)) as mailer:
            return Sent((await mailer.send(message, envelope=envelope)).is_complete)

    try:
        return asyncio.run(send())
    except MailkitError as error:
        return Sent(is_taken=False, said=str(error))


def _ours(errand: Errand) -> tuple[Message, Envelope]:
    recipients = tuple(map(Address.parse, errand.recipients))
    return Message.parse(errand.raw), Envelope(Address.parse(errand.sender), recipients)


def _url(errand: Errand) -> str:
    login = f"{quote(errand.user, safe='')}:{quote(errand.password, safe='')}@" if errand.user else ""
    options = {"": ["tls=off"], "starttls": ["tls=required"], "implicit": []}[errand.secure]
    options += [f"ca={quote(errand.ca_file)}"] if errand.ca_file else []
    options += [f"auth={errand.mechanism.lower()}"] if errand.mechanism else []
    options += ["unsafe_plaintext_auth=yes"] if errand.user and not errand.secure else []
    scheme = "smtps" if errand.secure == "implicit" else "smtp"
    return f"{scheme}://{login}{errand.host}:{errand.port}?{'&'.join(options)}"


# -- programs ----------------------------------------------------------------------------------------------------------


def by_swaks(errand: Errand) -> Sent:
    """The postmaster's test tool, in Perl."""
    command = ["--from", errand.sender, "--to", ",".join(errand.recipients), "--data", "-"]
    command += {"": [], "starttls": ["--tls"], "implicit": ["--tls-on-connect"]}[errand.secure]
    command += ["--tls-verify", "--tls-ca-path", errand.ca_file] if errand.ca_file else []
    command += ["--auth", errand.mechanism or "PLAIN"] if errand.user else []
    command += ["--auth-user", errand.user, "--auth-password", errand.password] if errand.user else []
    return swaks(errand.port, *command, stdin=errand.raw.removesuffix(b"\r\n"))  # it ends the last line itself


def swaks(port: int, *options: str, stdin: bytes | None = None) -> Sent:
    """Run swaks with its options."""
    need("swaks", None if shutil.which("swaks") else "not installed: swaks (run .ci/install-servers)")
    return program("swaks", "--server", HOST, "--port", str(port), "--helo", "me.example.com", *options, stdin=stdin)


def by_curl(errand: Errand) -> Sent:
    """What shell scripts use."""
    need("curl", None if shutil.which("curl") else "not installed: curl (run .ci/install-servers)")
    scheme = "smtps" if errand.secure == "implicit" else "smtp"
    command = ["--silent", "--show-error", "--url", f"{scheme}://{errand.host}:{errand.port}/me.example.com"]
    command += ["--ipv4", "--mail-from", errand.sender, "--upload-file", "-"]
    command += [word for one in errand.recipients for word in ("--mail-rcpt", one)]
    command += ["--ssl-reqd"] if errand.secure == "starttls" else []
    command += ["--cacert", errand.ca_file] if errand.ca_file else []
    command += ["--user", f"{errand.user}:{errand.password}"] if errand.user else []
    command += ["--login-options", f"AUTH={errand.mechanism}"] if errand.mechanism else []
    return program("curl", *command, stdin=errand.raw)


def by_nodemailer(errand: Errand) -> Sent:
    """What nearly every program in Node uses."""
    envelope = {"from": errand.sender, "to": errand.recipients}
    return nodemailer(errand, {"envelope": envelope, "raw": errand.raw.decode("latin-1")})


def nodemailer(errand: Errand, *mails: dict[str, Any], **transport: object) -> Sent:
    """Send mails as nodemailer is told to compose them; files are given in base64."""
    missing = None if shutil.which("node") and (FOLDER / "node_modules" / "nodemailer").is_dir() else "not installed"
    need("nodemailer", missing and f"{missing}: nodemailer (bash .ci/install-judges)")
    ca = {"ca": Path(errand.ca_file).read_text()} if errand.ca_file else {}
    options: dict[str, object] = {
        "host": errand.host,
        "port": errand.port,
        "secure": errand.secure == "implicit",
        "requireTLS": errand.secure == "starttls",
        "ignoreTLS": not errand.secure,
        "tls": ca,
        **transport,
    }
    if errand.user:
        options["auth"] = {"user": errand.user, "pass": errand.password}
    if errand.mechanism:
        options["authMethod"] = errand.mechanism
    order = json.dumps({"transport": options, "mails": mails}).encode()
    return program("node", FOLDER / "client.mjs", stdin=order + b"\n")


CLIENTS: dict[str, Send] = {
    "smtplib": by_smtplib,
    "aiosmtplib": by_aiosmtplib,
    "nodemailer": by_nodemailer,
    "swaks": by_swaks,
    "curl": by_curl,
    "Mailer": by_mailer,
    "AsyncMailer": by_async_mailer,
}
