"""Archives whose bytes depend on what is in them, and on nothing else: not on who makes them, nor
where, when and under which umask.

Each takes `files`: a name, then its bytes and its mode. A name that ends in / is a directory."""

import gzip
import io
import os
import stat
import subprocess
import tarfile
import tempfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_or_not_at_all(output):
    unfinished = output.with_name(output.name + ".new")
    yield unfinished
    unfinished.replace(output)


def with_directories(files):
    """And what they lie in, each before what is within."""
    above = {f"{parent}/": (b"", 0o755) for name in files for parent in Path(name).parents
             if parent != Path(".")}
    return dict(sorted({**above, **files}.items()))


def write_zip(output, files, seconds):
    moment = time.gmtime(max(seconds, 315532800))[:6]  # a zip's time begins in 1980
    with whole_or_not_at_all(output) as unfinished, \
            zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            content, mode = files[name]
            entry = zipfile.ZipInfo(name, moment)
            entry.create_system = 3  # Unix: it keeps the mode
            kind = stat.S_IFDIR if name.endswith("/") else stat.S_IFREG
            entry.external_attr = (kind | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)


def write_tar_gz(output, files, seconds):
    with whole_or_not_at_all(output) as unfinished, open(unfinished, "wb") as file, \
            gzip.GzipFile("", "wb", 9, file, mtime=seconds) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (content, mode) in with_directories(files).items():
            entry = tarfile.TarInfo(name.rstrip("/"))
            entry.mode, entry.mtime, entry.size = mode, seconds, len(content)
            entry.uname = entry.gname = "root"
            entry.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(entry, io.BytesIO(content))


def write_deb(output, files, seconds):
    """Those below DEBIAN/ are for dpkg."""
    everything = with_directories({**files, "./": (b"", 0o755)})
    with tempfile.TemporaryDirectory() as place, whole_or_not_at_all(output) as unfinished:
        for name, (content, mode) in everything.items():
            path = Path(place, name)
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(content)
            path.chmod(mode)
        for name in reversed(everything):  # a directory's time changes with what comes into it
            os.utime(Path(place, name), (seconds, seconds))
        # One thread, as the number of processors must not matter.
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--threads-max=1", "--build",
                        place, unfinished], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "SOURCE_DATE_EPOCH": str(seconds)})


def gzipped(content):
    return gzip.compress(content, 9, mtime=0)
