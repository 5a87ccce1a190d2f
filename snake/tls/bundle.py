"""Bundle: a certificate and its key in one text, from whoever has it for us."""

from __future__ import annotations

from snake.core.thread import in_thread
from snake.tls.certificate import Certificate, CertificateError
from snake.tls.certificate_manager import ManagerError
from snake.tls.pem import PEMError, chain_in, check_bundle, key_in


async def certificate_in(body: bytes) -> Certificate:
    """Return the certificate in a bundle of PEM blocks. Raises `ManagerError`.

    What is said of a wrong one has nothing of the key.
    """
    try:
        return await in_thread(_read, body)
    except UnicodeDecodeError:
        raise ManagerError("the bundle is no text") from None
    except (PEMError, CertificateError) as error:
        raise ManagerError(f"the bundle is none: {error}") from None


def _read(body: bytes) -> Certificate:
    text = body.decode("ascii")
    check_bundle(text)
    return Certificate.read(chain_in(text), key_in(text))
