"""The option storage."""

from __future__ import annotations

import pytest

from tests.options.adapted import document, refusal


@pytest.mark.parametrize("line", ["file_system /a", "file_system {\nroot /a\n}"])
def test_folder_is_written_on_the_line_or_in_a_block(line: str) -> None:
    """Both are the same; it is needed without a site as well."""
    expected = {"module": "file_system", "root": "/a"}
    assert document(f"storage {line}")["storage"] == expected
    assert document(f"storage {line}", "") == {"storage": expected}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("storage", "storage takes the name of a module"),
        ("storage rediss", 'did you mean "redis"?'),
        ("storage file_system", "missing root path"),
        ('storage file_system ""', "missing root path"),
        ("storage file_system /a /b", "file_system takes one folder, got 2"),
        ("storage file_system {\nroot\n}", "root takes one folder, got 0"),
        ("storage file_system {\nroot /a /b\n}", "root takes one folder, got 2"),
        ("storage file_system {\nroot /a\nroot /b\n}", "root is set already"),
        ("storage file_system /a {\nroot /b\n}", "root is set already"),
        ("storage file_system {\nrot /a\n}", 'did you mean "root"?'),
    ],
)
def test_wrong_storage_is_refused(options: str, message: str) -> None:
    """What cannot be says what was expected."""
    assert message in refusal(options)
