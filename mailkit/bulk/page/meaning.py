"""What a server means by its codes, in plain words (RFC 3463, 5248, 7372, 7505; RFC 5321 4.2)."""

from mailkit.bulk.state import State

__all__ = ["meaning_of"]

# Without the class (4 for now, 5 for good), which the state says already.
_ENHANCED = {
    "1.0": "Something is wrong with the address.",
    "1.1": "No such mailbox.",
    "1.2": "No such domain, or it takes no mail.",
    "1.3": "The address is not well formed.",
    "1.4": "The address fits more than one mailbox.",
    "1.5": "The address is right, but not here.",
    "1.6": "The mailbox has moved, and left no new address.",
    "1.7": "The sender's address is not well formed.",
    "1.8": "The sender's domain does not exist.",
    "1.9": "The message was passed to a system that does not say what became of it.",
    "1.10": "The domain takes no mail at all.",
    "2.0": "Something is wrong with the mailbox.",
    "2.1": "The mailbox is switched off.",
    "2.2": "The mailbox is full.",
    "2.3": "The message is larger than this mailbox takes.",
    "2.4": "The mailing list behind the address does not work.",
    "3.0": "Something is wrong with their mail system.",
    "3.1": "Their mail system has no room left.",
    "3.2": "Their mail system takes no mail just now.",
    "3.3": "Their mail system cannot do what the message asks for.",
    "3.4": "The message is larger than their mail system takes.",
    "3.5": "Their mail system is not set up rightly.",
    "4.0": "Something is wrong with the network on their side.",
    "4.1": "Their server does not answer.",
    "4.2": "The connection to their server was lost.",
    "4.3": "A look-up that their server needs, such as DNS, did not work.",
    "4.4": "No way leads to their server.",
    "4.5": "Their server has too much to do.",
    "4.6": "The message goes round in circles.",
    "4.7": "The message was under way for too long.",
    "5.0": "The two servers did not understand each other.",
    "5.1": "The server did not expect that command.",
    "5.2": "The server did not understand a command.",
    "5.3": "Too many recipients at once.",
    "5.4": "The server did not take the details of a command.",
    "5.5": "The two servers speak different versions of the protocol.",
    "5.6": "A line was too long for the server.",
    "6.0": "Something is wrong with the content of the message.",
    "6.1": "They do not take this kind of content.",
    "6.2": "The content would have to be converted, which is not allowed.",
    "6.3": "The content would have to be converted, which is not possible.",
    "6.4": "The content was converted, and lost something.",
    "6.5": "The content could not be converted.",
    "6.6": "The content of the message could not be got at.",
    "6.7": "The server does not take addresses with letters beyond ASCII.",
    "6.8": "The reply needs letters beyond ASCII.",
    "6.9": "The headers have letters beyond ASCII, which the server does not take.",
    "6.10": "The server does not take addresses with letters beyond ASCII.",
    "7.0": "Refused by their rules.",
    "7.1": "Refused by their rules: they do not want this message, or this sender.",
    "7.2": "The sender may not write to this mailing list.",
    "7.3": "The message would have to be converted, which security forbids.",
    "7.4": "They do not have a security feature that the message asks for.",
    "7.5": "Something is wrong with the encryption or a signature.",
    "7.6": "They do not know the encryption of the message.",
    "7.7": "The message was changed on its way.",
    "7.8": "The user name or the password is wrong.",
    "7.9": "This way to log in is too weak.",
    "7.10": "Encryption is needed.",
    "7.11": "This way to log in needs encryption.",
    "7.12": "The password has to be changed first.",
    "7.13": "The account is switched off.",
    "7.14": "The two servers have to trust each other first.",
    "7.15": "Its priority is too low just now.",
    "7.16": "The message is too large for its priority.",
    "7.17": "The mailbox has another owner than it had.",
    "7.18": "The domain has another owner than it had.",
    "7.19": "They cannot tell since when the mailbox has its owner.",
    "7.20": "No DKIM signature was right.",
    "7.21": "No DKIM signature was one that they accept.",
    "7.22": "No DKIM signature was of the author's own domain.",
    "7.23": "SPF does not let this server send for the domain.",
    "7.24": "The domain's SPF record could not be checked.",
    "7.25": "The sending server has no name in reverse DNS.",
    "7.26": "The message did not pass their checks of who sent it (SPF, DKIM).",
    "7.27": "The sender's domain takes no mail itself.",
    "7.28": "Too much mail at once.",
    "7.29": "A signature of a server on the way (ARC) was not right.",
    "7.30": "The message asks for encryption all the way, which they do not offer.",
}
# Where the class says more than "for now" or "for good".
_FULL = {
    "4.2.1": "The mailbox takes no mail just now, or too much at once.",
    "4.7.0": "Held back by their rules: too much at once, or a sender that they do not know yet.",
    "4.7.1": "Held back by their rules: too much at once, or a sender that they do not know yet.",
}
_SUBJECTS = {
    "1": "Something about the address.",
    "2": "Something about the mailbox.",
    "3": "Something about their mail system.",
    "4": "Something about the network or the way there.",
    "5": "Something about how the two servers speak.",
    "6": "Something about the content of the message.",
    "7": "Something about security or their rules.",
}
_CODES = {
    421: "Their server is busy, or closing.",
    450: "The mailbox cannot be used just now.",
    451: "Their server had an error, or asks to come back later.",
    452: "Their server has no room, or takes no more recipients just now.",
    454: "Their server cannot check who is sending just now.",
    500: "The server did not understand a command.",
    501: "The server did not understand the details of a command.",
    503: "The server did not expect that command.",
    521: "Their server takes no mail.",
    530: "The server wants a user name and a password.",
    535: "The user name or the password is wrong.",
    550: "Refused: no such mailbox, or against their rules.",
    551: "The mailbox is not at this server.",
    552: "The mailbox is full, or the message too large.",
    553: "The server does not take this address.",
    554: "Refused.",
    555: "The server does not know an option of the command.",
    556: "The domain takes no mail.",
}
_STATES = {
    State.IN_DOUBT: "Nobody can know whether it has arrived.",
    State.SKIPPED: "The message could not be made.",
    State.SUPPRESSED: "On the list of those who are never written to.",
    State.EXPIRED: "It was put off for too long.",
    State.DEFERRED: "There was no reply; it is tried again.",
    State.FAILED: "It could not be sent.",
}


def meaning_of(state: State, code: int, enhanced: str) -> str:
    """Return what a code means, or else what the state does, as a sentence; empty when nothing more is known."""
    _, _, detail = enhanced.partition(".")
    subject, _, _ = detail.partition(".")
    for known in (_FULL.get(enhanced), _ENHANCED.get(detail), _SUBJECTS.get(subject), _CODES.get(code)):
        if known:
            return known
    return "" if code else _STATES.get(state, "")
