"""The entry point; nothing is imported at its top, so that ``--version`` costs nothing."""


def main() -> None:
    """Run the command line."""
    import sys

    if sys.argv[1:] == ["--version"]:
        from threadsync import __version__

        sys.stdout.write(f"threadsync {__version__}\n")
        return
    import io

    from threadsync.cli import root

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What an old terminal's encoding lacks is written out; it must not end the command.
            stream.reconfigure(errors="backslashreplace")
    root.main(prog_name="threadsync")


if __name__ == "__main__":
    main()
