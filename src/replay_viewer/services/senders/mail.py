"""E-mail over SMTP: the note as text, with its HTML form attached (RFC 5321, RFC 5322).

`smtps://host:465` is TLS from the start, `smtp://host:587` begins in the clear and must offer STARTTLS, except on
this machine: neither note nor password goes over a network unencrypted. The Message-ID is made of the note's key, so
that mail systems can tell a double.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses
from urllib.parse import urlsplit

from replay_viewer.domain import errors
from replay_viewer.domain.errors import BadInput, SourceProblem
from replay_viewer.services.senders.base import Cancelled, Outgoing, Parcel, Receipt, Target, Uncertain

_ATTEMPTS = 3
_PAUSE = 1.0
_TIMEOUT = 20.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PORTS = {"smtp": 587, "smtps": 465}


class Mail:
    """The sender. `url` smtp(s)://host:port, `sender` the From address, `to` addresses, `user` to sign in with."""

    kind = "email"
    title = "E-mail"
    needs = "the password of the user, or none"
    address = ""

    def check(self, target: Target, secret: str) -> None:
        """Raises BadInput."""
        parts = urlsplit(target.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise BadInput(
                f"“{target.url}” is no mail server.", "Mail servers look like smtp://mail.example.com:587."
            )
        for name, text in (("sender", target.sender), ("recipient", target.to)):
            if not _addresses(text):
                raise BadInput(f"“{text}” is no address of a {name}.", "Addresses look like support@example.com.")
        if secret and not target.user:
            raise BadInput("A password needs a user.", "Give the user to sign in with.")

    def pack(self, outgoing: Outgoing, target: Target) -> Parcel:
        """The whole message, headers and all."""
        message = EmailMessage(policy=SMTP)
        message["From"] = ", ".join(_addresses(target.sender)[:1])
        message["To"] = ", ".join(_addresses(target.to))
        message["Subject"] = " ".join(f"[{outgoing.severity}] {outgoing.title}".split())[:250]
        message["Date"] = formatdate(time.time(), localtime=False)
        message["Message-ID"] = f"<{outgoing.key}@replay-viewer.invalid>"
        message.set_content(outgoing.text)
        for file in outgoing.files:
            message.add_attachment(file.data, maintype="text", subtype="html", filename=file.name)
        return Parcel(
            where=str(message["To"]),
            url=target.url,
            body=message.as_bytes(),
            media="message/rfc822",
        )

    def send(self, parcel: Parcel, target: Target, secret: str, cancelled: Cancelled) -> Receipt:
        """Hand it to the mail server, again when it could not be reached or said “later” before taking it."""
        self.check(target, secret)
        for attempt in range(1, _ATTEMPTS + 1):
            if cancelled():
                raise errors.Cancelled()
            try:
                refused = self._hand_over(parcel, target, secret)
            except (OSError, smtplib.SMTPException) as error:
                problem, passing = _judged(error, target)
                if not passing or attempt == _ATTEMPTS:
                    raise problem from error
                time.sleep(_PAUSE * attempt)
            else:
                if refused:
                    raise SourceProblem(
                        f"The mail server took the note, but not for {', '.join(refused)}.", "Check these addresses."
                    )
                return Receipt(said=f"The mail server has taken it for {parcel.where}.")
        raise AssertionError("the last attempt returns or raises")

    def _hand_over(self, parcel: Parcel, target: Target, secret: str) -> list[str]:
        with _connected(target, secret) as server:
            try:
                answer = server.sendmail(
                    _bare(target.sender)[0], _bare(target.to), parcel.body, mail_options=_options(server, parcel.body)
                )
            except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
                raise Uncertain(
                    "The connection to the mail server broke off after the note was sent.",
                    "It may have arrived: ask the recipient before sending it again.",
                ) from error
            return list(answer)

    def test(self, target: Target, secret: str) -> str:
        """Sign in, and leave without sending."""
        self.check(target, secret)
        try:
            with _connected(target, secret) as server:
                server.noop()
        except (OSError, smtplib.SMTPException) as error:
            raise _judged(error, target)[0] from error
        return "The mail server is there" + (" and knows the user." if secret else ".")


def _connected(target: Target, secret: str) -> smtplib.SMTP:
    parts = urlsplit(target.url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context(cafile=target.ca_file or None)
    if not target.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=_TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif parts.scheme == "smtp" and host not in _LOOPBACK:
            raise BadInput(
                f"{host} offers no encryption.", "Use smtps://, or another port; a note is not sent in the clear."
            )
        if secret:
            server.login(target.user, secret)
    except BaseException:  # Ctrl+C too: nobody has the connection yet who could close it; raised again
        server.close()
        raise
    return server


def _options(server: smtplib.SMTP, body: bytes) -> list[str]:
    return ["BODY=8BITMIME"] if not body.isascii() and server.has_extn("8bitmime") else []


def _judged(error: BaseException, target: Target) -> tuple[Exception, bool]:
    """What a person is told, and whether it may pass by itself."""
    host = urlsplit(target.url).hostname or ""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return BadInput(f"{host} does not accept user and password.", "Check both; some need an app password."), False
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return BadInput(
            f"{host} offers no way to sign in.", "Leave user and password out, or use another port."
        ), False
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        names = ", ".join(error.recipients)
        return SourceProblem(f"{host} does not take mail for {names}: {_words(said)}.", "Check it."), code < 500
    if isinstance(error, smtplib.SMTPResponseException):
        return SourceProblem(
            f"{host} refuses: {_words(error.smtp_error)}.", "Try again later."
        ), error.smtp_code < 500
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceProblem(
            f"The certificate of {host} is not trusted.", "Give the file of its certificate authority."
        ), False
    if isinstance(error, socket.gaierror):
        return SourceProblem(f"There is no mail server {host}.", "Check the address."), False
    return SourceProblem(f"{host} cannot be reached.", "Check address, port and network."), True


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200].rstrip(".")


def _addresses(text: str) -> list[str]:
    """The addresses of a list, in the form a header takes; empty when one of them is none."""
    found: list[str] = []
    if not text.isprintable():  # a line break would begin another header
        return found
    for name, address in getaddresses([text]):
        user, at, domain = address.rpartition("@")
        if not at or not user or not domain or any(char in address for char in " <>"):
            return []
        try:
            found.append(str(Address(display_name=name, username=user, domain=domain)))
        except ValueError:
            return []
    return found


def _bare(text: str) -> list[str]:
    """The addresses alone, for the envelope."""
    return [address for _, address in getaddresses([text])]
