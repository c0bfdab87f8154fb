"""Owns the master keys: where they are, how values are sealed under them, how one takes another's place.

Several may be good at once: the first seals, all open. Read anew each time, so that a rotation by another
process is in force at once. Source: NIST SP 800-38D (AES-GCM); RFC 4648 §4.
"""

import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from frontdesk.stores.vault.refusals import LockedError

VARIABLE: Final = "FRONTDESK_SECRET_KEY"
"""Environment variable with the keys, separated by commas."""

FILE: Final = "secret.key"
"""File of the data folder with the keys, one a line, where the variable is not set."""

_BYTES: Final = 32
_NONCE: Final = 12  # bytes, random: 2^32 values under one key before two are likely to share one


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that cannot be read without its key. key: the id of that. text: base64."""

    key: str
    text: str


class KeyRing:
    """Master keys by their ids."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """keys: at least one, of 32 bytes; the first seals."""
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self.first = _key_id(keys[0])

    def seal(self, value: bytes, *about: str) -> Sealed:
        """Encrypt a value. about: whose it is: it opens only with the same."""
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self.first].encrypt(nonce, value, orjson.dumps(about))
        return Sealed(self.first, b64encode(nonce + sealed).decode())

    def open(self, sealed: Sealed, *about: str) -> bytes:
        """Decrypt a value. Raises: LockedError."""
        key = self._keys.get(sealed.key)
        if key is None:
            raise LockedError(
                f"this was encrypted under another master key, of id {sealed.key}",
                hint=f"set {VARIABLE} to that key, or put back the {FILE} that was in data_dir then",
            )
        data = b64decode(sealed.text)
        try:
            return key.decrypt(data[:_NONCE], data[_NONCE:], orjson.dumps(about))
        except InvalidTag:
            raise LockedError(
                f"what is kept of {about[1]} has been changed or damaged",
                hint="set it anew, or restore the store from a backup",
            ) from None


class MasterKeys:
    """The master keys of one machine: those of the variable, else those of the file."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        """folder: `data_dir`."""
        self._given = environ.get(VARIABLE, "")
        self._file = folder / FILE

    @property
    def are_given(self) -> bool:
        """Whether the variable has them, so that no file is asked or written."""
        return bool(self._given)

    def ring(self) -> KeyRing:
        """Read the keys. Raises: LockedError where there are none, or they are none."""
        return KeyRing(self._read())

    def ring_or_new(self) -> KeyRing:
        """Read the keys; make the file where nothing has one. Raises: LockedError."""
        if not self.are_given and not self._file.exists():
            self._make()
        return self.ring()

    def add(self) -> None:
        """Put a new key before those of the file. Raises: LockedError."""
        self._replace([os.urandom(_BYTES), *self._read()])

    def leave_first(self) -> None:
        """Forget all keys of the file but the first, which everything is sealed under by now."""
        self._replace(self._read()[:1])

    def _read(self) -> list[bytes]:
        if self.are_given:
            return [_key(text, VARIABLE) for text in self._given.split(",")]
        try:
            if self._file.stat().st_mode & 0o077:
                raise LockedError(
                    f"others than its owner can read the master key: {self._file}",
                    hint=f"chmod 600 {self._file}",
                )
            lines = self._file.read_text(encoding="ascii").split()
        except FileNotFoundError:
            raise LockedError(
                f"there is no master key: {VARIABLE} is not set, and there is no {self._file}",
                hint="give the key that the secrets were encrypted under, or set them anew here",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "no text"
            raise LockedError(
                f"cannot read the master key: {self._file}: {why}",
                hint="run as the user who owns data_dir",
            ) from None
        return [_key(line, str(self._file)) for line in lines or [""]]

    def _make(self) -> None:
        """Write a first key. Who is second to do so finds that of the first."""
        try:
            self._file.parent.mkdir(0o750, parents=True, exist_ok=True)
            whole = self._write([os.urandom(_BYTES)])
            with suppress(FileExistsError):
                self._file.hardlink_to(whole)
            whole.unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def _replace(self, keys: Sequence[bytes]) -> None:
        try:
            self._write(keys).replace(self._file)
        except OSError as error:
            raise self._unwritable(error) from error

    def _write(self, keys: Sequence[bytes]) -> Path:
        path = self._file.with_name(f"{FILE}.{os.getpid()}")
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(b"".join(b64encode(key) + b"\n" for key in keys))
            opened.flush()
            os.fsync(file)
        return path

    def _unwritable(self, error: OSError) -> LockedError:
        hint = f"set data_dir to a folder that can be written, or set {VARIABLE}"
        return LockedError(f"cannot write the master key: {error.strerror}", hint=hint)


def _key(text: str, where: str) -> bytes:
    try:
        key = b64decode(text.strip(), validate=True)
    except (Base64Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise LockedError(
            f"expected master keys of {_BYTES} bytes in base64: {where}",
            hint="`openssl rand -base64 32` makes one",
        )
    return key


def _key_id(key: bytes) -> str:
    return sha256(b"frontdesk master key" + key).hexdigest()[:16]
