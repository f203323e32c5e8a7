"""A real rspamd on loopback ports and a Unix socket: its rules, but none that asks anybody else."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.kit.daemon import SEARCH_PATH, Daemon, without

RSPAMD_CONF = """\
lua = "$RULESDIR/rspamd.lua"
.include "$CONFDIR/metrics.conf"
.include "$CONFDIR/actions.conf"
.include "$CONFDIR/groups.conf"
.include "$CONFDIR/composites.conf"
.include "$CONFDIR/modules.d/forged_recipients.conf"
modules {{
  path = "$PLUGINSDIR/forged_recipients.lua";
}}
options {{
  filters = "chartable,regexp";
  # Nobody listens there: a name that a rule would look up is not found.
  dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
  url_tld = "{spool}/suffixes";
  control_socket = "{spool}/control.sock mode=0600";
  pidfile = "{spool}/rspamd.pid";
  cache_file = "{spool}/symbols.cache";
  hs_cache_dir = "{spool}/";
  tempdir = "{spool}";
  local_addrs = [];
  allow_raw_input = true;
}}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "{host}:{ports[0]}"; bind_socket = "{socket} mode=0666"; count = 1; mime = true; }}
worker "controller" {{
  bind_socket = "{host}:{ports[1]}";
  count = 1;
  password = "{password}";
  secure_ip = [];  # or else the loopback would need no password
}}
"""


@dataclass(frozen=True)
class Rspamd(Daemon):
    """One running rspamd: anybody may ask at `port` and at `socket`, whoever has the password at `controller_port`."""

    title = "rspamd"
    port_count = 2

    @classmethod
    def missing(cls) -> str | None:
        return without(cls.title, "rspamd")

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def controller_port(self) -> int:
        return self.ports[1]

    @property
    def socket(self) -> Path:
        return self.spool / "rspamd.sock"

    def _configure(self) -> None:
        shutil.chown(self.spool, "_rspamd", "_rspamd")
        # The real list of public suffixes takes ten seconds to compile.
        (self.spool / "suffixes").write_text("com\nnet\norg\nexample\ntest\n")
        configuration = RSPAMD_CONF.format(
            spool=self.spool, host=self.host, ports=self.ports, socket=self.socket, password=self.password
        )
        (self.spool / "rspamd.conf").write_text(configuration)

    def _command(self) -> list[str]:
        folders = ("DBDIR", "RUNDIR", "LOGDIR", "LOCAL_CONFDIR")
        return [
            shutil.which("rspamd", path=SEARCH_PATH) or "rspamd",
            "--no-fork",
            "--user=_rspamd",
            "--group=_rspamd",
            f"--config={self.spool / 'rspamd.conf'}",
            *(f"--var={name}={self.spool}" for name in folders),
        ]
