"""The words of the page, by language."""

from typing import NamedTuple

__all__ = ["WORDS", "Words"]


class Words(NamedTuple):
    """``ask``, ``done``, ``undone``, ``unknown`` and ``failed`` are (heading, sentence)."""

    ask: tuple[str, str]
    leave: str
    done: tuple[str, str]
    back: str
    undone: tuple[str, str]
    unknown: tuple[str, str]
    failed: tuple[str, str]


WORDS = {
    "en": Words(
        ask=("Unsubscribe?", "You will get no more of these messages."),
        leave="Unsubscribe",
        done=("You are unsubscribed", "You will get no more of these messages."),
        back="Subscribe again",
        undone=("You are subscribed again", "You will get these messages as before."),
        unknown=(
            "This link is not known",
            "It may be incomplete or too old. Use the link in a newer message, or reply to one and ask.",
        ),
        failed=("That did not work", "Nothing has been changed. Please try again in a few minutes."),
    ),
    "de": Words(
        ask=("Abmelden?", "Sie bekommen dann keine dieser Nachrichten mehr."),
        leave="Abmelden",
        done=("Sie sind abgemeldet", "Sie bekommen keine dieser Nachrichten mehr."),
        back="Wieder anmelden",
        undone=("Sie sind wieder angemeldet", "Sie bekommen diese Nachrichten wie zuvor."),
        unknown=(
            "Dieser Link ist nicht bekannt",
            (
                "Vielleicht ist er unvollständig oder zu alt. Nehmen Sie den Link aus einer neueren Nachricht, "
                "oder antworten Sie auf eine und bitten Sie darum."
            ),
        ),
        failed=(
            "Das hat nicht geklappt",
            "Es wurde nichts geändert. Bitte versuchen Sie es in ein paar Minuten noch einmal.",
        ),
    ),
    "fr": Words(
        ask=("Se désabonner ?", "Vous ne recevrez plus ces messages."),
        leave="Se désabonner",
        done=("Vous êtes désabonné", "Vous ne recevrez plus ces messages."),
        back="Se réabonner",
        undone=("Vous êtes de nouveau abonné", "Vous recevrez ces messages comme avant."),
        unknown=(
            "Ce lien est inconnu",
            (
                "Il est peut-être incomplet ou trop ancien. Utilisez le lien d’un message plus récent, "
                "ou répondez à l’un d’eux pour le demander."
            ),
        ),
        failed=("Cela n’a pas fonctionné", "Rien n’a été modifié. Veuillez réessayer dans quelques minutes."),
    ),
    "es": Words(
        ask=("¿Darse de baja?", "No recibirá más estos mensajes."),
        leave="Darse de baja",
        done=("Se ha dado de baja", "No recibirá más estos mensajes."),
        back="Volver a suscribirse",
        undone=("Está suscrito de nuevo", "Recibirá estos mensajes como antes."),
        unknown=(
            "Este enlace no se conoce",
            (
                "Puede estar incompleto o ser demasiado antiguo. Use el enlace de un mensaje más reciente, "
                "o responda a uno y pídalo."
            ),
        ),
        failed=("No ha funcionado", "No se ha cambiado nada. Inténtelo de nuevo dentro de unos minutos."),
    ),
    "it": Words(
        ask=("Annullare l’iscrizione?", "Non riceverà più questi messaggi."),
        leave="Annulla l’iscrizione",
        done=("L’iscrizione è annullata", "Non riceverà più questi messaggi."),
        back="Iscriversi di nuovo",
        undone=("È di nuovo iscritto", "Riceverà questi messaggi come prima."),
        unknown=(
            "Questo link non è conosciuto",
            (
                "Forse è incompleto o troppo vecchio. Usi il link di un messaggio più recente, "
                "oppure risponda a uno e lo chieda."
            ),
        ),
        failed=("Non ha funzionato", "Nulla è stato cambiato. Riprovi tra qualche minuto."),
    ),
    "nl": Words(
        ask=("Afmelden?", "U krijgt deze berichten dan niet meer."),
        leave="Afmelden",
        done=("U bent afgemeld", "U krijgt deze berichten niet meer."),
        back="Weer aanmelden",
        undone=("U bent weer aangemeld", "U krijgt deze berichten zoals voorheen."),
        unknown=(
            "Deze link is niet bekend",
            "Misschien is hij onvolledig of te oud. Gebruik de link uit een nieuwer bericht, of antwoord erop en vraag erom.",
        ),
        failed=("Dat is niet gelukt", "Er is niets veranderd. Probeer het over een paar minuten nog eens."),
    ),
    "pt": Words(
        ask=("Cancelar a subscrição?", "Não receberá mais estas mensagens."),
        leave="Cancelar a subscrição",
        done=("A subscrição foi cancelada", "Não receberá mais estas mensagens."),
        back="Subscrever de novo",
        undone=("A subscrição está ativa de novo", "Receberá estas mensagens como antes."),
        unknown=(
            "Este link não é conhecido",
            (
                "Pode estar incompleto ou ser demasiado antigo. Use o link de uma mensagem mais recente, "
                "ou responda a uma e peça."
            ),
        ),
        failed=("Não funcionou", "Nada foi alterado. Tente de novo dentro de alguns minutos."),
    ),
}
