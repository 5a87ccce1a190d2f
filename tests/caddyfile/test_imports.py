"""Imports and snippets."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.read import read
from tests.caddyfile.sections import lines


def refusal(text: str, file: str = "Caddyfile") -> CaddyfileError:
    """Return the error that text gives."""
    with pytest.raises(CaddyfileError) as raised:
        read(text, file)
    return raised.value


def test_snippet_takes_arguments() -> None:
    """`{args[n]}` is an argument, a range of them several words."""
    text = "(s) {\na {args[0]}-{args[1]}\nb {args[:]}\nc {args[1:]} {args[0:1]}\n}\nx\nimport s 1 2"

    assert lines(text) == ["x:", "a 1-2", "b 1 2", "c 2 1"]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("{args[+0]}", "1"),
        ("{args.0}", "1"),
        ("{args[00000000000000000000000]}", "1"),
        ("{a{args[0]}", "{a1"),
        ("{{args[0]}}", "{1}"),
        ("\\{args[0]\\}", "{args[0]}"),
        ("{args[0\\}]}{args[0]}", "{args[0}]}1"),
        ("{x}{args[0]}\\}", "{x}1}"),
        ("{args[args.0]}", "{args[args.0]}"),
        ("{args[0]}:{args[0]}", "1:1"),
        ("x{args[0:1]}", "x{args[0:1]}"),
        ("{" * 102 + "}", "{" * 102 + "}"),
        ("}" + "{" * 102, ""),
    ],
)
def test_placeholders_are_found_as_caddy_finds_them(word: str, expected: str) -> None:
    """The first closing brace ends one; a backslash before a brace is dropped."""
    assert lines(f"(s) {{\na {word}\n}}\nx\nimport s 1")[1] == f"a {expected}"


def test_argument_that_is_not_there_stays_and_warns() -> None:
    """An index out of bounds is left as written, and warned of."""
    odd = (
        "{args[3]}",
        "{args[2:]}",
        "{args[x]}",
        "{args[0:9]}",
        "{args[]}",
        "{args.x}",
        "{args[a:]}",
    )
    caddyfile = read(f"(s) {{\na {' '.join(odd)} {{args.0}}\n}}\nx\nimport s 1", "C")

    assert caddyfile.sections[0].lines[0].texts == [*odd, "1"]
    assert len(caddyfile.warnings) == 11
    assert caddyfile.warnings[0].line == 2


def test_an_argument_in_quotes_becomes_what_it_is_put_in() -> None:
    """A brace that was quoted on the import line opens a block where the word was bare."""
    assert lines('(s) {\na {args[0]}\nb\n{args[1]}\n}\nx {\nimport s "{" "}"\n}') == [
        "x:",
        "a {",
        "b",
        "}",
    ]


def test_lines_in_an_argument_move_the_lines_below() -> None:
    """The line below an argument with a line break belongs to it, as in Caddy."""
    assert lines('(s) {\na {args[0]}\nb\nc\n}\nx\nimport s "1\n2"') == ["x:", "a 1\n2 b", "c"]


def test_snippet_takes_a_block() -> None:
    """`{block}` is the block of the import, `{blocks.key}` one entry of it."""
    text = (
        "(s) {\na {\n{block}\n}\nb {\n{blocks.two}\n}\nc {\n{blocks.x.y}\n{blocks.none}\n}\n}\n"
        "x {\nimport s {\none 1\ntwo 2 {\n3\n}\nx.y z\n}\n}"
    )

    assert lines(text) == [
        *("x:", "a {", "one 1", "two 2 {", "3", "}", "x.y z", "}"),
        *("b {", "2", "3", "}", "c {", "z", "}"),
    ]


def test_a_block_breaks_the_line_that_it_is_put_in() -> None:
    """What is passed in stands on lines of its own."""
    assert lines("(s) {\na {block} b\n}\nx {\nimport s {\n1\n}\n}") == ["x:", "a", "1", "b"]


def test_snippet_defined_by_an_import_keeps_its_own_placeholders(tmp_path: Path) -> None:
    """What imports a file of snippets does not fill the snippets in it."""
    (tmp_path / "snippets").write_text("(s) {\na {args[0]}\n{block}\n}\n")
    text = "import snippets outer\nx {\nimport s inner {\nb\n}\n}"

    assert lines(text, str(tmp_path / "Caddyfile")) == ["x:", "a inner", "b"]


def test_what_looks_like_a_snippet_keeps_its_placeholders(tmp_path: Path) -> None:
    """After a line that begins with a name in parentheses, the next block counts as its own."""
    (tmp_path / "part").write_text("(a)b) {\nc {args[0]}\n}\n(d)\nx {\ny {args[0]}\n}\n")

    with pytest.raises(CaddyfileError, match="unexpected token 'x', expecting"):
        lines("import part 1", str(tmp_path / "Caddyfile"))


def test_repeated_imports_run_into_each_other() -> None:
    """In a block, lines that the same line imports count as one, whatever brought that line."""
    snippets = "(s) {\na\n}\n(t) {\nimport s\n}\n"

    assert lines(f"{snippets}x {{\nimport t\nimport t\n}}") == ["x:", "a", "a"]
    assert lines(f"{snippets}x {{\nb {{\nimport t\nimport t\n}}\n}}") == ["x:", "b {", "a a", "}"]
    assert lines(f"{snippets}x {{\nb {{\nimport s\nimport s\n}}\n}}") == [
        "x:",
        "b {",
        "a",
        "a",
        "}",
    ]


def test_files_are_found_beside_the_file_that_imports_them(tmp_path: Path) -> None:
    """A path is relative to the file it is written in; a glob is sorted and skips dotfiles."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "one").write_text("import t*\nimport *a\n")
    for name in ("tb", "ta", ".tc", ".a"):
        (tmp_path / "d" / name).write_text(f"from {name}\n")

    assert lines("x\nimport d/one", str(tmp_path / "Caddyfile")) == [
        *("x:", "from ta", "from tb", "from ta"),
    ]


def test_folders_are_gone_through_one_by_one(tmp_path: Path) -> None:
    """The order of a glob over folders is that of the folders, then that of their files."""
    for folder in ("a", "a-b", ".c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x").write_text(f"from {folder}\n")
    (tmp_path / "file").touch()

    found = lines("x\nimport */x", str(tmp_path / "Caddyfile"))

    assert found == ["x:", "from .c", "from a", "from a-b"]


def test_a_backslash_makes_a_wildcard_a_letter(tmp_path: Path) -> None:
    """In a pattern, a backslash takes the meaning off the next letter."""
    (tmp_path / "a*").write_text("star\n")
    (tmp_path / "ab").write_text("letter\n")

    assert lines("x\nimport a\\*", str(tmp_path / "Caddyfile")) == ["x:", "star"]


def test_imported_lines_know_where_they_come_from(tmp_path: Path) -> None:
    """A token of an imported file has that file's name, and the chain of imports."""
    (tmp_path / "inner").write_text("word\n")
    (tmp_path / "outer").write_text("\nimport inner\n")
    name = str(tmp_path / "Caddyfile")

    [section] = read("x\nimport outer", name).sections
    [token] = section.lines[0].words

    assert token.place == f"{tmp_path}/inner:1"
    assert token.imports == (f"{tmp_path}/outer:2 (import inner)", f"{name}:2 (import outer)")
    assert section.files == (f"{tmp_path}/inner",)


@pytest.mark.parametrize("pattern", ["sites/*", "no]thing"])
def test_glob_without_match_only_warns(tmp_path: Path, pattern: str) -> None:
    """A folder of sites may be empty."""
    caddyfile = read(f"x\nimport {pattern}", str(tmp_path / "Caddyfile"))

    assert "No files matching" in caddyfile.warnings[0].message


def test_an_empty_file_only_warns(tmp_path: Path) -> None:
    """A file of white space imports nothing."""
    (tmp_path / "empty").write_text(" \n")

    caddyfile = read("x\nimport empty", str(tmp_path / "Caddyfile"))

    assert "is empty" in caddyfile.warnings[0].message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x\nimport", 2, "wrong argument count or unexpected line ending after 'import'"),
        ("x {\nimport {\n}\n}", 2, "wrong argument count or unexpected line ending"),
        ("x\nimport nope", 2, "File to import not found: nope"),
        ('x\nimport ""', 2, "Import requires a non-empty filepath"),
        ("x\nimport a*b*", 2, "Glob pattern may only contain one wildcard (*), but has others"),
        ("x\nimport a[b", 2, "Failed to use import pattern a[b"),
        ("x\nimport `q*\\`", 2, "Failed to use import pattern q*\\"),
        ("x\nimport .", 2, "is a directory"),
        ("x\nimport /dev/null", 2, "is not a regular file"),
        ("x\nimport a\0b", 2, "not found"),
        ("x\nimport nothing", 2, "EOF"),
        ("(s) {\n}\n(s) {\n}", 3, "redeclaration of previously declared snippet s"),
        ("(s) {\na", 1, "is not closed"),
        ("x {\nimport s {\na", 2, "File to import not found: s"),
        ("(s) {\nimport s\n}\nx\nimport s", 2, "a cycle of imports exists between"),
        ("(s) {\n}\nx\nimport s {\n{\n}\n}", 5, "anonymous blocks are not supported"),
        ("(s) {\n}\nx\nimport s {", 4, "anonymous blocks are not supported"),
        ("(s) {\na {args[-1]}\n}\nx\nimport s", 2, "has a negative index"),
    ],
)
def test_wrong_import_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, line: int, message: str
) -> None:
    """An import that cannot be says why, at its line."""
    monkeypatch.delenv("SNAKE_UNSET", raising=False)
    (tmp_path / "nothing").write_text("{$SNAKE_UNSET}")

    error = refusal(text, str(tmp_path / "Caddyfile"))

    assert message in error.message
    assert error.line == line


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    """It is found, and cannot be read."""
    (tmp_path / "link").symlink_to("nowhere")

    message = refusal("x\nimport link", str(tmp_path / "Caddyfile")).message

    assert message == f"Could not import {tmp_path}/link: No such file or directory"


def test_a_file_that_is_not_utf8_is_warned_of(tmp_path: Path) -> None:
    """Each byte that is not becomes one replacement character, as in Caddy."""
    (tmp_path / "part").write_bytes(b"a\nb \xe9\xe2\x82\n")

    caddyfile = read("x\nimport part", str(tmp_path / "Caddyfile"))

    assert caddyfile.sections[0].lines[1].texts == ["\ufffd" * 3]
    [warning] = caddyfile.warnings
    assert (warning.file, warning.line) == (f"{tmp_path}/part", 2)
    assert warning.message.startswith("the byte 0xe9 is not UTF-8")


def test_file_that_imports_itself_is_refused(tmp_path: Path) -> None:
    """A cycle over files is found, however it is spelt."""
    (tmp_path / "a").write_text(f"import ../{tmp_path.name}/b\n")
    (tmp_path / "b").write_text("import a\n")

    assert "a cycle of imports" in refusal("x\nimport a", str(tmp_path / "Caddyfile")).message


def test_block_may_import_the_snippet_it_is_passed_to() -> None:
    """What is passed in does not count as part of the snippet."""
    text = "(w) {\na {\n{block}\n}\n}\nx {\nimport w {\nimport w {\nb\n}\n}\n}"

    assert lines(text) == ["x:", "a {", "a {", "b", "}", "}"]


def test_an_import_may_leave_its_block_open_at_the_end() -> None:
    """The end of the file ends a block as well."""
    assert lines("(s) {\na {\n{block}\n}\n}\nx\nimport s {\nb") == ["x:", "a {", "b", "}"]


def test_snippets_that_double_are_stopped() -> None:
    """Forty snippets that import each other twice do not fill the memory."""
    chain = "".join(f"(s{n}) {{\nimport s{n - 1}\nimport s{n - 1}\n}}\n" for n in range(1, 40))
    wide = "x" * 100_000

    error = refusal(f"(s0) {{\n{wide}\n}}\n{chain}x\nimport s39")

    assert "too much text" in error.message


def test_arguments_that_double_are_stopped() -> None:
    """Nor do arguments that are made of each other."""
    chain = "".join(
        f'(s{n}) {{\nimport s{n - 1} "{{args[0]}}{{args[0]}}"\n}}\n' for n in range(1, 40)
    )

    error = refusal(f"(s0) {{\n{{args[0]}}\n}}\n{chain}x\nimport s39 {'x' * 1000}")

    assert "longer than" in error.message


def test_a_snippet_that_is_misspelt_is_hinted_at() -> None:
    """An import that finds no file names the snippet nearest to it."""
    with pytest.raises(CaddyfileError, match='not found: logn; did you mean "login"'):
        read("(login) {\n\troot x\n}\n:80 {\n\timport logn\n}\n", "Caddyfile")
