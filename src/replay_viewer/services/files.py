"""Writing what leaves: into a temporary file beside the target, then renamed, so that nothing is ever half there."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from replay_viewer.domain.errors import StorageProblem
from replay_viewer.export.base import File


def write_all(out: Path, files: Sequence[File], printer: Callable[[Path], None] | None = None) -> list[Path]:
    """Write `files` (the one without a name is `out`, others stand beside it), or let `printer` write `out`.

    Companions go first, so that `out` never points at a picture that is not there. Raises StorageProblem; then
    nothing new is left behind.
    """
    temporary: list[tuple[Path, Path]] = []
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for file in files:
            target = out.with_name(file.name) if file.name else out
            handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=out.parent)
            temporary.append((Path(name), target))
            with os.fdopen(handle, "wb") as stream:
                stream.write(file.data)
                stream.flush()
                os.fsync(stream.fileno())
        if printer is not None:
            handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.parent)
            os.close(handle)
            temporary.append((Path(name), out))
            printer(Path(name))
        mask = os.umask(0)
        os.umask(mask)
        for path, target in sorted(temporary, key=lambda pair: pair[1] == out):
            path.chmod(0o666 & ~mask)
            path.replace(target)
    except OSError as error:
        raise _problem(out, error) from error
    finally:
        for path, _ in temporary:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return sorted((target for _, target in temporary), key=lambda target: target != out)


def _problem(out: Path, error: OSError) -> StorageProblem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageProblem(
            f"The disk is full: “{out.name}” was not written.", "Make room, or choose another folder."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StorageProblem(f"“{out.parent}” cannot be written to.", "Choose another folder.")
    reason = error.strerror or "the system refuses"
    return StorageProblem(f"“{out.name}” could not be written: {reason}.", "Choose another folder or name.")
