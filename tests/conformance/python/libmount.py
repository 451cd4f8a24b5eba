"""As much of util-linux's Python binding as crun's suite asks for, where the real one is not packaged."""


class _Entry:
    def __init__(self, line):
        before, after = line.rstrip("\n").split(" - ", 1)
        fields = before.split(" ")
        self.target = fields[4].encode().decode("unicode_escape")
        self.vfs_options = fields[5]
        self.fs_options = after.split(" ", 2)[2]


class Table:
    """The entries of a file in the format of /proc/self/mountinfo, proc(5)."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self._entries = [_Entry(line) for line in f if " - " in line]

    def find_target(self, target):
        """The first entry mounted at @target, or None."""
        return next((e for e in self._entries if e.target == target), None)
