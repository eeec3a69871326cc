from pathlib import Path

from tests.make_snippets import archive


def test_the_archive_in_the_repository_is_what_the_script_makes():
    import gzip

    stored = (Path(__file__).parent / "snippets.tar.gz").read_bytes()
    assert gzip.decompress(stored) == gzip.decompress(archive())
