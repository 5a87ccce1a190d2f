"""A log file that several processes write to, roll, and find moved or gone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import pytest

from snake.logs.backups import Backups
from snake.logs.locks import lock
from snake.logs.shared_file import Place, SharedFile
from tests.logs.writing import line


def opened(path: Path, largest: int = 0, mode: int = 0o600) -> SharedFile:
    """Open a log file that is rolled at a size, if one is given."""
    return SharedFile(Place(path, mode, 0o700), largest, Backups(path) if largest else None)


def writer(path: Path, name: str, count: int, largest: int) -> subprocess.Popen[str]:
    """Start a process that writes lines."""
    arguments = [sys.executable, "-m", "tests.logs.writing", str(path), name, str(count)]
    return subprocess.Popen([*arguments, str(largest)], stdout=subprocess.PIPE, text=True)


def lines(folder: Path) -> list[bytes]:
    """Return the lines of a log and all its backups, the oldest first."""
    files = sorted(folder.iterdir(), key=lambda path: (path.name == "a.log", path.name))
    return [each for path in files for each in path.read_bytes().splitlines(keepends=True)]


def killed_after(process: subprocess.Popen[str], least: int) -> int:
    """Kill a process that has written so many lines; return how many it has written at least."""
    with process:
        assert process.stdout is not None
        while int(last := process.stdout.readline()) < least:
            pass
        process.kill()
        return int(next(reversed(process.stdout.read().splitlines()), last))


def test_every_line_of_every_process_is_there_once_and_whole(tmp_path: Path) -> None:
    """Four write and roll at the same time, and two more are killed: no line is lost or cut."""
    path = tmp_path / "a.log"
    whole = [writer(path, f"w{number}", 5000, 60_000) for number in range(4)]
    killed = [writer(path, f"k{number}", 10**7, 60_000) for number in range(2)]
    said = [killed_after(process, 3000) for process in killed]
    for process in whole:
        process.communicate()

    found = defaultdict(list)
    for each in lines(tmp_path):
        match = re.fullmatch(rb"(\w+) (\d+) x*\.\n", each)
        if match is None and each.startswith(b"k"):
            continue  # what was cut when its process was killed is alone on its line
        assert match, each
        assert each == line(match[1].decode(), int(match[2]))
        found[match[1].decode()].append(int(match[2]))
    for number in range(4):
        assert found[f"w{number}"] == list(range(5000))
    for number, least in enumerate(said):
        assert found[f"k{number}"] == list(range(len(found[f"k{number}"])))
        assert len(found[f"k{number}"]) >= least
    sizes = [each.stat().st_size for each in tmp_path.iterdir()]
    assert len(sizes) > 10
    assert median(sizes) <= 60_000 + 6 * 600  # each may write at once what just fits


def test_a_line_that_was_cut_does_not_cut_others(tmp_path: Path) -> None:
    """A killed process may leave half a line; the next one begins a line of its own."""
    path = tmp_path / "a.log"
    file = opened(path, 1000)
    path.write_bytes(b"half a li")
    file.write(b"whole\n")
    file.write(b"whole\n")
    assert path.read_bytes() == b"half a li\nwhole\nwhole\n"


def test_a_file_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    """After logrotate's rename, or a deletion by hand, lines go to a new file; folders too."""
    path = tmp_path / "new" / "a.log"
    file = opened(path)
    file.write(b"1\n")
    path.rename(tmp_path / "moved")
    file.write(b"2\n")
    assert path.read_bytes() == b"2\n"
    path.unlink()
    path.parent.rmdir()
    file.write(b"3\n")
    assert path.read_bytes() == b"3\n"
    assert (tmp_path / "moved").read_bytes() == b"1\n"


def is_open(path: Path) -> bool:
    """Tell whether this process has a file open, by the name that it has or had."""
    found = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return any(str(each.readlink()).partition(" (deleted)")[0] == str(path) for each in found)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_file_that_is_gone_is_not_kept_open(tmp_path: Path) -> None:
    """Nothing is made until there is a line; then all is as before, rolling too."""
    path = tmp_path / "a.log"
    file = opened(path, 10)
    file.let_go()
    assert is_open(path)
    path.rename(tmp_path / "moved")
    file.let_go()
    assert not is_open(tmp_path / "moved")
    assert not file.roll("time")
    file.let_go()
    assert not path.exists()
    file.write(b"1\n")
    path.unlink()
    file.let_go()
    assert not is_open(path)
    path.write_bytes(b"somebody's\n")
    file.write(b"2\n")
    assert path.read_bytes() == b"2\n"
    (backup,) = Backups(path)
    assert backup.path.read_bytes() == b"somebody's\n"
    path.unlink()
    file.let_go()
    file.close()
    file.let_go()
    file.write(b"3\n")
    assert not path.exists()


def test_a_file_that_was_emptied_goes_on_at_its_beginning(tmp_path: Path) -> None:
    """After logrotate's copytruncate nothing stands before the next line."""
    path = tmp_path / "a.log"
    file = opened(path, 100)
    file.write(b"1\n")
    os.truncate(path, 0)
    file.write(b"2\n")
    assert path.read_bytes() == b"2\n"


def test_the_next_file_has_the_mode_of_the_one_before(tmp_path: Path) -> None:
    """Who changed the mode of a log has changed it for good."""
    path = tmp_path / "a.log"
    file = opened(path, 10)
    path.chmod(0o644)
    file.write(b"12345678\n")
    file.write(b"9\n")
    assert path.read_bytes() == b"9\n"
    assert path.stat().st_mode & 0o777 == 0o644
    (backup,) = Backups(path)
    assert backup.path.read_bytes() == b"12345678\n"
    assert backup.reason == "size"


def test_two_backups_of_one_moment(tmp_path: Path) -> None:
    """No backup replaces another, however quickly they follow."""
    file = opened(tmp_path / "a.log", 5)
    for number in range(20):
        file.write(b"%04d\n" % number)
    assert lines(tmp_path) == [b"%04d\n" % number for number in range(20)]
    assert len(list(tmp_path.iterdir())) == 20


def test_one_line_larger_than_the_file_may_be(tmp_path: Path) -> None:
    """It has a file of its own; Caddy drops it."""
    file = opened(tmp_path / "a.log", 5)
    file.write(b"1\n")
    file.write(b"1234567\n")
    file.write(b"2\n")
    assert lines(tmp_path) == [b"1\n", b"1234567\n", b"2\n"]


def test_a_stopped_process_does_not_stop_the_others(tmp_path: Path) -> None:
    """Who waits too long for the lock writes without it, and rolls later."""
    path = tmp_path / "a.log"
    file = opened(path, 5)
    holder = os.open(path, os.O_RDWR)
    assert lock(holder)
    file.write(b"1234\n")
    file.write(b"5678\n")
    assert path.read_bytes() == b"1234\n5678\n"
    os.close(holder)


FULL = """
import resource, sys
from pathlib import Path
from statistics import median
from snake.logs.shared_file import Place, SharedFile

file = SharedFile(Place(Path(sys.argv[1]), 0o600, 0o700))
file.write(b"first\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (15, resource.RLIM_INFINITY))
for number in range(3):
    file.write(b"second\\nthird, which is too long\\n")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.write(b"last\\n")
"""


def test_a_disk_that_is_full_for_a_while(tmp_path: Path) -> None:
    """It is said once, and when it is over; no half line is left."""
    path = tmp_path / "a.log"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    assert path.read_bytes() == b"first\nsecond\nlast\n"
    first, second = done.stderr.splitlines()
    assert f"cannot write to the log file {path}; lines are lost" in first
    assert "File too large" in first
    assert '"lines_lost":' in second


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The file grows on, and that is said once."""
    file = opened(tmp_path / "a.log", 5)
    tmp_path.chmod(0o500)
    for number in range(3):
        file.write(b"%04d\n" % number)
    tmp_path.chmod(0o700)
    assert lines(tmp_path) == [b"0000\n", b"0001\n", b"0002\n"]
    assert capfd.readouterr().err.count("cannot roll the log file; it grows on") == 1
