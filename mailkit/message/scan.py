"""Reading address fields: mailboxes and groups out of text (RFC 5322 3.4 and 4.4, RFC 6532).

Theory of operation. One pass over the text. Every step takes as long a run as one regular expression can, only moves
forward, and never looks at a character more than a few times, so time is linear in the length of the text; comments are
counted, not recursed into. What an address may contain is not decided here but when it becomes an Address.

There are two readings. The strict one is for what is composed: it takes what every program reads the same way. The
tolerant one is for mail that has arrived: it also takes the obsolete forms of RFC 5322 4.4, which are routes, words with
white space, comments and quotes around the dots of an address, and groups without their end. Both refuse what two
programs may take for two different mailboxes.
"""

import re

from mailkit.errors import AddressError
from mailkit.message.mailbox import ITEM, PLAIN_LENGTH, WORD, Entry, Grouped, Mailbox, excerpt, refuse
from mailkit.mime import encodedword
from mailkit.mime.control import CONTROL

__all__ = ["scan"]

_RUN = re.compile(rf"{WORD}(?:[ \t]++{WORD})*+")
_ATOMS = re.compile(WORD)
_COMMAS = re.compile(r"[ \t,]+")
_QUOTED = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_SKIPPED = re.compile(r"(?:[ \t]++|\([^()\\]*+(?:\\.[^()\\]*+)*+\))++")  # comments that hold no comments
_COMMENT_MARK = re.compile(r"\\.|[()]")
# Quoted strings and comments, which may hold anything, or an encoded word (RFC 2047 2).
_TORN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|\([^()\\]*+(?:\\.[^()\\]*+)*+|=\?[^?]++\?[BbQq]\?([^?]*+)\?=')
_MARKS = frozenset('()<>@,;:"')
_BLANKS = re.compile(r"[ \t]+")
_AROUND_DOT = re.compile(r" ?\. ?")

_MAX_COMMENT_DEPTH = 20  # real mail nests none; hostile mail nests until the reader's stack ends
# Plain mailboxes are not counted. The rest costs up to 10 µs a step, and a hostile text is made of nothing else.
_MAX_STEPS = 20_000
_MAX_MAILBOXES = 50_000
_LONGEST_COMMENT = 1_000  # a longer one is no name
_QUOTE_HINT = 'Quote a display name that has special characters in it: "Doe, John" <john@example.com>.'
_ANGLE_HINT = "Write the address in angle brackets: John Doe <john@example.com>."


def scan(text: str, *, tolerant: bool = False) -> list[Entry]:
    """Read an address list. Raises AddressError with the address's number and the position of the fault."""
    refuse(text, field="address")
    if "=?" in text:
        _refuse_torn_words(text)
    return _Scanner(text, is_tolerant=tolerant).entries()


def _refuse_torn_words(text: str) -> None:
    """Refuse an encoded word with a comma or a bracket in it: who looks for words first sees other addresses."""
    for found in _TORN.finditer(text):
        if found[1] and not _MARKS.isdisjoint(found[1]):
            problem = f"a mark such as a comma or @ inside an encoded word at position {found.start()}"
            raise AddressError(f"{problem} of {excerpt(text, found.start())}", text=text, position=found.start())


class _Scanner:
    def __init__(self, text: str, *, is_tolerant: bool) -> None:
        self._text = text
        self._at = 0
        self._count = 0
        self._steps = 0
        self._is_tolerant = is_tolerant
        self._found: list[Entry] = []
        self._group: Grouped | None = None

    def entries(self) -> list[Entry]:
        while True:
            mailbox = self._plain_mailbox()
            if mailbox is None:
                self._step()
                self._skip_empty()
                start = self._at
                here = self._peek()
                if not here:
                    if self._group and not self._is_tolerant:
                        raise self._error("a group is not ended by ';'", self._group.at, is_between=True)
                    return self._found
                if here == ";" and self._group:
                    self._end_group()
                    continue
                words, has_comment = self._words()
                if self._peek() == ":":
                    self._begin_group(words, start)
                    continue
                mailbox = self._mailbox(words, start, has_comment=has_comment)
            self._count += 1
            if self._count > _MAX_MAILBOXES:
                raise self._error(f"more than {_MAX_MAILBOXES:,} addresses in one text", mailbox.at, is_between=True)
            if self._group:
                self._group.members.append(mailbox)
            else:
                self._found.append(mailbox)
            if not (self._group and self._peek() == ";"):
                self._end_entry("expected a comma between two addresses")

    def _plain_mailbox(self) -> Mailbox | None:
        item = ITEM.match(self._text, self._at)
        if item is None or "=?" in item[4]:
            return None
        quoted, bare, _, email = item.groups()
        self._at = item.end()
        name = quoted or bare or ""
        if "=?" in name:
            return Mailbox(encodedword.decode(name), email, item.start(4))
        return Mailbox(name, email, item.start(4), len(email) <= PLAIN_LENGTH)

    def _begin_group(self, words: list[str], start: int) -> None:
        if self._group:
            raise self._error("a group inside a group", start, is_between=True)
        if not words:
            raise self._error("a group without a name", start, is_between=True)
        self._group = Grouped(_display(words), [], start)
        self._found.append(self._group)
        self._at += 1

    def _end_group(self) -> None:
        self._group = None
        self._at += 1
        self._end_entry("" if self._is_tolerant else "expected a comma after a group")

    def _skip_empty(self) -> None:
        """Pass over white space, comments, and the commas between empty elements (RFC 5322 4.4: obs-addr-list)."""
        while True:
            before = self._at
            self._skip()
            if commas := _COMMAS.match(self._text, self._at):
                self._at = commas.end()
            if self._at == before:
                return

    def _end_entry(self, problem: str) -> None:
        self._skip()
        if problem and self._peek() not in ("", ","):
            raise self._error(problem, self._at, hint=_QUOTE_HINT, is_between=True)

    def _mailbox(self, words: list[str], start: int, *, has_comment: bool) -> Mailbox:
        if self._peek() != "<":
            email = self._address(words, start, has_comment=has_comment)
            return Mailbox(self._comments_as_name(), email, start)
        self._at += 1
        self._skip()
        self._route()
        start = self._at
        inner, has_comment = self._words()
        email = self._address(inner, start, has_comment=has_comment)
        self._skip()
        if self._peek() != ">":
            raise self._error("'<' without '>'", self._at)
        self._at += 1
        name = self._comments_as_name()
        return Mailbox(_display(words) if words else name, email, start)

    def _route(self) -> None:
        """Pass over the hosts that a message once was to travel by (RFC 5322 4.4: obs-route, to be ignored)."""
        start = self._at
        if self._peek() not in ("@", ",") or (self._peek() == "," and not self._is_tolerant):
            return
        if not self._is_tolerant:
            raise self._error("a route before the address", start, hint="Write the address alone, without its route.")
        while True:
            self._skip_empty()
            if self._peek() != "@":
                break
            self._step()
            self._at += 1
            self._domain()
        if self._peek() != ":":
            raise self._error("a route that is not ended by ':'", start)
        self._at += 1
        self._skip()

    def _address(self, words: list[str], start: int, *, has_comment: bool) -> str:
        if self._peek() != "@":
            shown = self._text[start : self._at].strip()
            problem = f"{excerpt(shown)} has no @" if shown else "expected an address"
            raise self._error(problem, start, hint=_QUOTE_HINT if self._peek() == "," else "")
        local = self._local(words, start, has_comment=has_comment)
        self._at += 1
        domain = self._domain()
        if self._peek() == "@":
            raise self._error("a second '@'", self._at)
        return f"{local}@{domain}"

    def _local(self, words: list[str], start: int, *, has_comment: bool) -> str:
        if has_comment and not self._is_tolerant:
            raise self._error("a comment inside the address", start)
        if len(words) == 1 and (words[0][0] == '"' or " " not in words[0]):
            return words[0]
        local = _obsolete_local(words) if self._is_tolerant else None
        if local is None:
            problem = "the part before '@' is not a dot-atom or one quoted string"
            raise self._error(problem, start, hint=_ANGLE_HINT if words else "")
        return local

    def _domain(self) -> str:
        before = self._at
        self._skip()
        if "(" in self._text[before : self._at] and not self._is_tolerant:
            raise self._error("a comment inside the address", before)
        if self._peek() == "[":
            return self._literal()
        domain = ""
        while atoms := _ATOMS.match(self._text, self._at):
            self._step()
            domain += atoms[0]
            before = self._at = atoms.end()
            self._skip()
            follows = self._peek()
            if before == self._at or follows in ("", ">", ",", ";", ":", "@"):
                self._at = before
                break
            # RFC 5322 4.4: obs-domain has white space and comments around its dots.
            if not (self._is_tolerant and "." in (domain[-1], follows)):
                what = "a comment" if "(" in self._text[before : self._at] else "white space"
                raise self._error(f"{what} inside the domain", before, hint=_QUOTE_HINT)
        if not domain:
            raise self._error("nothing after '@'", self._at)
        return domain

    def _literal(self) -> str:
        end = self._text.find("]", self._at)
        if end < 0:
            raise self._error("'[' without ']'", self._at)
        start, self._at = self._at, end + 1
        return self._text[start : self._at]

    def _words(self) -> tuple[list[str], bool]:
        """Runs of atoms, quoted strings, and a space where something stood between them; whether a comment did."""
        words: list[str] = []
        has_gap = has_comment = False
        while True:
            self._step()
            if run := _RUN.match(self._text, self._at):
                word = _BLANKS.sub(" ", run[0])
                self._at = run.end()
            elif self._peek() == '"':
                word = self._quoted()
            else:
                return words, has_comment
            if has_gap:
                words.append(" ")
            words.append(word)
            before = self._at
            self._skip()
            has_gap = self._at > before
            has_comment = has_comment or (has_gap and "(" in self._text[before : self._at])

    def _quoted(self) -> str:
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            raise self._error("a quote that is not closed", self._at)
        self._at = found.end()
        return found[0]

    def _skip(self) -> None:
        """Pass over white space and comments."""
        while True:
            if skipped := _SKIPPED.match(self._text, self._at):
                self._at = skipped.end()
            if self._peek() != "(":
                return
            self._nested_comment()

    def _nested_comment(self) -> None:
        start, depth = self._at, 0
        for found in _COMMENT_MARK.finditer(self._text, start):
            self._step()
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth > _MAX_COMMENT_DEPTH:
                raise self._error(f"comments nested more than {_MAX_COMMENT_DEPTH} deep", found.start())
            if depth == 0:
                self._at = found.end()
                return
        raise self._error("a comment that is not closed", start)

    def _comments_as_name(self) -> str:
        """Pass over white space and comments; what they say is the name where no other is (RFC 5322 3.4, A.6.3)."""
        start = self._at
        self._skip()
        if "(" not in self._text[start : self._at] or self._at - start > _LONGEST_COMMENT:
            return ""
        comments: list[str] = []
        depth = begin = 0
        for found in _COMMENT_MARK.finditer(self._text, start, self._at):
            if found[0] == "(":
                depth += 1
                begin = found.end() if depth == 1 else begin
            elif found[0] == ")":
                depth -= 1
                if depth == 0:
                    comments.append(self._text[begin : found.start()])
        spelled = _BLANKS.sub(" ", " ".join(comments)).strip(" ")
        name = encodedword.decode(_unescaped(spelled))
        return "" if CONTROL.search(name) else name

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MAX_STEPS:
            raise self._error(f"more than {_MAX_STEPS:,} words, comments and groups", self._at, is_between=True)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _error(self, problem: str, position: int, *, hint: str = "", is_between: bool = False) -> AddressError:
        number = ""
        if self._count or ("," in self._text and not is_between):
            number = f"after address {self._count}: " if is_between else f"address {self._count + 1}: "
        place = f"at position {position} of {excerpt(self._text, position)}"
        return AddressError(f"{number}{problem} {place}", text=self._text, position=position, hint=hint)


def _unescaped(text: str) -> str:
    return text.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")  # NUL stands nowhere in the text


def _display(words: list[str]) -> str:
    """Join a phrase's words into the display name that they spell."""
    spelled = [_unescaped(word[1:-1]) if word[:1] == '"' else word for word in words]
    # In a parsed header the words of a name may be encoded (RFC 2047 5(3)); in a quoted string they may not be, but
    # senders do it, and no person's name begins with "=?".
    return encodedword.decode("".join(spelled))


def _obsolete_local(words: list[str]) -> str | None:
    """Join what RFC 5322 4.4 calls obs-local-part; None when there are not just dots between its words."""
    quoted = [_unescaped(word[1:-1]) for word in words if word[:1] == '"']
    shape = _AROUND_DOT.sub(".", "".join('"' if word[:1] == '"' else word for word in words)).split(".")
    if not all(word == '"' or (word and not {" ", '"'} & set(word)) for word in shape):
        return None
    if not quoted:
        return ".".join(shape)
    rest = iter(quoted)
    local = ".".join(next(rest) if word == '"' else word for word in shape)
    # Quoted or not, it is the same mailbox (RFC 5321 4.1.2); as one quoted string nobody misreads it.
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
