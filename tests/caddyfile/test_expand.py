"""Imports and snippets."""

from __future__ import annotations

from pathlib import Path

import pytest

from snake.caddyfile.errors import CaddyfileError
from snake.caddyfile.expand import MOST_NESTED, expand


def lines(text: str, file: str = "Caddyfile") -> list[str]:
    """Return the lines that are left when nothing is left to import."""
    return [" ".join(map(str, line)) for line in expand(text, file).lines]


def refusal(text: str, file: str = "Caddyfile") -> CaddyfileError:
    """Return the error that text gives."""
    with pytest.raises(CaddyfileError) as raised:
        expand(text, file)
    return raised.value


def test_snippet_takes_arguments() -> None:
    """`{args[n]}` is an argument, a range of them several words."""
    text = "(s) {\na {args[0]}-{args[1]}\nb {args[:]}\nc {args[1:]} {args[0:1]}\n}\nx\nimport s 1 2"

    assert lines(text) == ["x", "a 1-2", "b 1 2", "c 2 1"]


def test_argument_that_is_not_there_stays_and_warns() -> None:
    """An index out of bounds is left as written, and warned of."""
    expanded = expand("(s) {\na {args[3]} {args[2:]} {args[x]} {args[0:9]}\n}\nx\nimport s 1", "C")

    assert [str(token) for token in expanded.lines[1]] == [
        *("a", "{args[3]}", "{args[2:]}", "{args[x]}", "{args[0:9]}")
    ]
    assert len(expanded.warnings) == 4
    assert expanded.warnings[0].line == 2


def test_snippet_takes_a_block() -> None:
    """`{block}` is the block of the import, `{blocks.key}` one entry of it."""
    text = (
        "(s) {\na {\n{block}\n}\nb {\n{blocks.two}\n}\n}\n"
        "x {\nimport s {\none 1\ntwo 2 {\n3\n}\n}\n}"
    )

    assert lines(text) == [
        *("x {", "a {", "one 1", "two 2 {", "3", "}", "}"),
        *("b {", "2", "3", "}", "}"),
    ]


def test_snippet_defined_by_an_import_keeps_its_own_placeholders(tmp_path: Path) -> None:
    """What imports a file of snippets does not fill the snippets in it."""
    (tmp_path / "snippets").write_text("(s) {\na {args[0]}\n{block}\n}\n")
    text = "import snippets outer\nx {\nimport s inner {\nb\n}\n}"

    assert lines(text, str(tmp_path / "Caddyfile")) == ["x {", "a inner", "b", "}"]


def test_files_are_found_beside_the_file_that_imports_them(tmp_path: Path) -> None:
    """A path is relative to the file it is written in; a glob is sorted and skips dotfiles."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "one").write_text("import t*\n")
    for name in ("tb", "ta", ".tc"):
        (tmp_path / "d" / name).write_text(f"from {name}\n")

    assert lines("x\nimport d/one", str(tmp_path / "Caddyfile")) == ["x", "from ta", "from tb"]


def test_imported_lines_know_where_they_come_from(tmp_path: Path) -> None:
    """A token of an imported file has that file's name, and the chain of imports."""
    (tmp_path / "inner").write_text("word\n")
    (tmp_path / "outer").write_text("\nimport inner\n")
    name = str(tmp_path / "Caddyfile")

    [_, [token]] = expand("x\nimport outer", name).lines

    assert token.place == f"{tmp_path}/inner:1"
    assert token.imports == (f"{tmp_path}/outer:2 (import inner)", f"{name}:2 (import outer)")


def test_glob_without_match_only_warns(tmp_path: Path) -> None:
    """A folder of sites may be empty."""
    expanded = expand("x\nimport sites/*", str(tmp_path / "Caddyfile"))

    assert "no files matching" in expanded.warnings[0].message


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x\nimport", 2, "import takes a snippet, a file or a glob pattern"),
        ("x\nimport nope", 2, "file to import not found: nope"),
        ('x\nimport ""', 2, "import requires a non-empty file path"),
        ("x\nimport a*b*", 2, "only contain one wildcard"),
        ("x\nimport .", 2, "is a directory"),
        ("x\nimport /dev/null", 2, "is not a regular file"),
        ("x\nimport a\0b", 2, "NUL"),
        ("(s) {\n}\n(s) {\n}", 3, "redeclaration of previously declared snippet s"),
        ("(s) {\na", 1, "is not closed"),
        ("x {\nimport s {\na", 2, "is not closed"),
        ("(s) {\nimport s\n}\nx\nimport s", 2, "a cycle of imports exists between"),
        ("(s) {\n}\nx\nimport s {\n{\n}\n}", 5, "anonymous blocks are not supported"),
    ],
)
def test_wrong_import_is_refused(tmp_path: Path, text: str, line: int, message: str) -> None:
    """An import that cannot be says why, at its line."""
    error = refusal(text, str(tmp_path / "Caddyfile"))

    assert message in error.message
    assert error.line == line


def test_file_that_imports_itself_is_refused(tmp_path: Path) -> None:
    """A cycle over files is found, however it is spelt."""
    (tmp_path / "a").write_text(f"import ../{tmp_path.name}/b\n")
    (tmp_path / "b").write_text("import a\n")

    assert "a cycle of imports" in refusal("x\nimport a", str(tmp_path / "Caddyfile")).message


def test_block_may_import_the_snippet_it_is_passed_to() -> None:
    """What is passed in does not count as part of the snippet."""
    text = "(w) {\na {\n{block}\n}\n}\nx {\nimport w {\nimport w {\nb\n}\n}\n}"

    assert lines(text) == ["x {", "a {", "a {", "b", "}", "}", "}"]


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


def test_nesting_has_an_end() -> None:
    """Blocks deeper than any site needs are refused before they exhaust anything."""
    error = refusal("x {\n" * (MOST_NESTED + 1))

    assert error.line == MOST_NESTED + 1


def test_a_snippet_that_is_misspelt_is_hinted_at() -> None:
    """An import that finds no file names the snippet nearest to it."""
    with pytest.raises(CaddyfileError, match='not found: logn; did you mean "login"'):
        expand("(login) {\n\troot x\n}\n:80 {\n\timport logn\n}\n", "Caddyfile")
