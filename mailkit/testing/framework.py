"""How frameworks are told where to send: their settings, for a server that wants neither a login nor TLS."""

__all__ = ["django_settings", "environ", "fastapi_config", "flask_config"]


def django_settings(host: str, port: int) -> dict[str, object]:
    """Return Django's settings. Its test runner has put another backend in place, so that is among them."""
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
        "EMAIL_TIMEOUT": 10,
    }


def flask_config(host: str, port: int) -> dict[str, object]:
    """Return the configuration of Flask-Mail. It sends nothing in an application that is being tested, unless told to."""
    return {
        "MAIL_SERVER": host,
        "MAIL_PORT": port,
        "MAIL_USERNAME": None,
        "MAIL_PASSWORD": None,
        "MAIL_USE_TLS": False,
        "MAIL_USE_SSL": False,
        "MAIL_SUPPRESS_SEND": False,
    }


def fastapi_config(host: str, port: int) -> dict[str, object]:
    """Return keywords for fastapi-mail's ``ConnectionConfig``; ``MAIL_FROM`` is yours."""
    return {
        "MAIL_SERVER": host,
        "MAIL_PORT": port,
        "MAIL_USERNAME": "",
        "MAIL_PASSWORD": "",
        "MAIL_STARTTLS": False,
        "MAIL_SSL_TLS": False,
        "USE_CREDENTIALS": False,
        "VALIDATE_CERTS": False,
        "SUPPRESS_SEND": 0,
    }


def environ(host: str, port: int, url: str) -> dict[str, str]:
    """Return environment variables, by the names that are common."""
    place = f"smtp://[{host}]:{port}" if ":" in host else f"smtp://{host}:{port}"
    return {
        "MAILKIT_URL": url,
        "SMTP_URL": place,
        "EMAIL_URL": place,
        **dict.fromkeys(("SMTP_HOST", "SMTP_SERVER", "EMAIL_HOST", "MAIL_HOST", "MAIL_SERVER"), host),
        **{name: str(port) for name in ("SMTP_PORT", "EMAIL_PORT", "MAIL_PORT")},
    }
