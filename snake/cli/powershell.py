"""Completion in PowerShell, which click does not know."""

from __future__ import annotations

import os
import shlex
from typing import ClassVar

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

_SOURCE = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($word, $ast, $cursor)
    $env:COMP_WORDS = $ast.ToString().PadRight($cursor).Substring(0, $cursor)
    $env:COMP_WORD = $word
    $env:%(complete_var)s = "powershell_complete"
    try {
        %(prog_name)s | ForEach-Object {
            $kind, $value, $help = $_ -split "`t", 3
            if ($kind -ne "plain") { return }
            if (-not $help) { $help = $value }
            [System.Management.Automation.CompletionResult]::new(
                $value, $value, "ParameterValue", $help)
        }
    } finally {
        Remove-Item Env:COMP_WORDS, Env:COMP_WORD, Env:%(complete_var)s
    }
}
"""
"""Files are left to the shell, which completes them when it is told nothing."""


class PowerShell(ShellComplete):
    """How PowerShell asks, and what it is told: kind, word and help, with tabs between."""

    name: ClassVar[str] = "powershell"
    source_template: ClassVar[str] = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is written, and that one."""
        incomplete = os.environ.get("COMP_WORD", "")
        before = os.environ.get("COMP_WORDS", "").removesuffix(incomplete)
        try:
            words = shlex.split(before)
        except ValueError:  # a quote that is not closed
            words = before.split()
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return the line of one word."""
        return f"{item.type}\t{item.value}\t{item.help or ''}"


add_completion_class(PowerShell)
