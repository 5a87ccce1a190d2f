"""Kinds of files, by their names: which picture stands for one in a list."""

from __future__ import annotations

_EXTENSIONS = {
    "image": "apng avif bmp gif heic heif ico jfif jpeg jpg png svg tif tiff webp",
    "video": "3gp avi gifv m4v mkv mov mp4 mpeg mpg ogv vob webm",
    "audio": "aac cda flac m4a mid midi mp3 oga ogg opus wav wma",
    "archive": "7z br bz2 gz lz4 rar tar tgz txz xz zip zst",
    "package": "apk appimage deb dmg exe flatpak jar msi rpm snap whl",
    "disk": "img iso qcow2 vdi vmdk",
    "code": (
        "bash bat c cfg cjs conf cpp cs css dart ex go h hpp htm html ini ipynb java js json jsonl "
        "jsx kt less lua mjs php pl ps1 py pyi r rb rs sass scala scss sh sql svelte swift toml ts "
        "tsx vue wasm xhtml xml yaml yml zig"
    ),
    "data": "arrow db duckdb feather parquet sqlite sqlite3",
    "sheet": "csv fods ods tsv xls xlsx",
    "slides": "fodp key odp ppt pptx",
    "pdf": "djvu epub pdf ps",
    "text": "adoc doc docx eml fodt ics log markdown md mdown odt org rst rtf srt tex txt vcf vtt",
    "font": "eot otf ttc ttf woff woff2",
    "key": "asc crt csr gpg p12 pem pub sig",
}
_KINDS = {end: kind for kind, ends in _EXTENSIONS.items() for end in ends.split()}
_TEXTS = frozenset({"AUTHORS", "CHANGELOG", "COPYING", "LICENSE", "NOTICE", "README"})
_CODE = frozenset({"Caddyfile", "Dockerfile", "Justfile", "Makefile"})


def kind_of(name: str) -> str:
    """Return the kind of a file or, if its name ends in a slash, folder."""
    if name.endswith("/"):
        return "folder"
    stem, dot, extension = name.rpartition(".")
    if stem and dot:
        return _KINDS.get(extension.lower(), "file")
    if name in _CODE:
        return "code"
    return "text" if name in _TEXTS else "file"
