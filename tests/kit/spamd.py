"""A real SpamAssassin on a loopback port and a Unix socket, with its own rules and no network."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.kit.daemon import SEARCH_PATH, Daemon, without

# A rule of our own, whose description does not fit on one line of the report.
LOCAL_CF = """\
use_bayes 0
required_score 5.0
header MAILKIT_TEST X-Mailkit-Test =~ /yes/
describe MAILKIT_TEST A rule of the tests with a description that is much too long for one line of the report
score MAILKIT_TEST 1.5
"""
PLUGINS = ("Check", "BodyEval", "HTMLEval", "HeaderEval", "MIMEEval", "MIMEHeader", "RelayEval", "URIEval", "FreeMail")


@dataclass(frozen=True)
class Spamd(Daemon):
    """One running spamd. It is told to look nothing up, neither on the network nor in anybody's home."""

    title = "SpamAssassin"
    port_count = 1

    @classmethod
    def missing(cls) -> str | None:
        return without(cls.title, "spamd")

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def socket(self) -> Path:
        return self.spool / "spamd.sock"

    def _configure(self) -> None:
        site = self.spool / "site"
        site.mkdir()
        (site / "local.cf").write_text(LOCAL_CF)
        (site / "init.pre").write_text("".join(f"loadplugin Mail::SpamAssassin::Plugin::{name}\n" for name in PLUGINS))
        (self.spool / "home").mkdir()
        shutil.chown(self.spool / "home", "nobody")

    def _command(self) -> list[str]:
        return [
            shutil.which("spamd", path=SEARCH_PATH) or "spamd",
            "--local",
            "--nouser-config",
            f"--siteconfigpath={self.spool / 'site'}",
            f"--helper-home-dir={self.spool / 'home'}",
            f"--listen={self.host}:{self.port}",
            f"--listen={self.socket}",
            "--socketmode=0666",
            "--allowed-ips=127.0.0.1",
            f"--pidfile={self.folder / 'spamd.pid'}",
            "--syslog=stderr",
            "--username=nobody",
            "--min-children=1",
            "--max-children=2",
        ]
