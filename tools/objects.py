"""Sections of the objects of a build, and who refers to whom: the graph that the linker's --gc-sections walks.

The build compiles with -ffunction-sections, so a section is a function or a table, and what a function can reach
(calls, and functions whose address it takes, also through tables) is what its section can reach.
"""
import os
import re
import subprocess
import sys

SKIP = (".debug", ".eh_frame", ".note", ".comment")


class Objects:
    def __init__(self, build):
        self.build = build
        self.paths = {}  # "runtime/child/run.c" -> object file
        self.defined = {}  # global symbol -> (source, section)
        self.local = {}  # (source, local symbol) -> (source, section)
        self.refs = {}  # (source, section) -> set of (source, symbol)
        for top, _, names in os.walk(os.path.join(build, "src")):
            if not top.endswith(".a.p"):
                continue
            folder = os.path.relpath(os.path.dirname(top), os.path.join(build, "src"))
            for name in names:
                if name.endswith(".c.o"):
                    name_of = re.sub(r"^\.\._([a-z]+)_", r"../\1/", name[:-2])  # meson's files('../x/y.c')
                    name_of = re.sub(r"^child_", "child/", name_of)
                    source = os.path.normpath(os.path.join(folder, name_of))
                    self._read(source, os.path.join(top, name))
        program = os.path.join(build, "tare-oci.p")
        for name in os.listdir(program) if os.path.isdir(program) else []:
            if name.endswith(".c.o"):
                self._read(name[:-2].replace("src_ocicli_", "ocicli/"), os.path.join(program, name))
        if not self.paths:
            sys.exit(f"{build}: no objects; run ninja -C {build} first")

    def _read(self, source, path):
        self.paths[source] = path
        out = subprocess.run(["readelf", "-SsrW", path], check=True, capture_output=True, text=True).stdout
        sections, current = {}, None
        for line in out.splitlines():
            if m := re.match(r"\s*\[\s*(\d+)\] (\S+)", line):
                sections[m[1]] = m[2]
            elif m := re.match(r"Relocation section '\.rela(\S+)'", line):
                current = None if m[1].startswith(SKIP) else (source, m[1])
                if current:
                    self.refs.setdefault(current, set())
            elif current and (m := re.match(r"[0-9a-f]{16}\s+[0-9a-f]{16}\s+R_\S+\s+[0-9a-f]{16}\s+(\S+)", line)):
                self.refs[current].add((source, m[1].split("@")[0]))
            elif m := re.match(r"\s*\d+: [0-9a-f]{16}\s+\S+\s+(\S+)\s+(\S+)\s+\S+\s+(\d+) (\S+)", line):
                kind, bind, index, name = m.groups()
                where = (source, sections.get(index, ""))
                if bind == "LOCAL" or kind == "SECTION":
                    self.local[(source, name)] = where
                else:
                    self.defined[name] = where
        for name in sections.values():
            self.local.setdefault((source, name), (source, name))

    def sections_of(self, source):
        return [node for node in self.refs if node[0] == source]

    def resolve(self, ref):
        """The section a reference leads to, or None for a symbol of a library."""
        return self.local.get(ref) or self.defined.get(ref[1])

    def externals(self, source):
        """Library symbols that the object itself refers to."""
        refs = set().union(*(self.refs[node] for node in self.sections_of(source)), set())
        return {name for _, name in refs if not self.resolve((source, name)) and not name.startswith(".")}

    def reach(self, roots):
        """Library symbols that the sections @roots lead to: name -> chain of sections towards it."""
        came_from, queue, found = {node: None for node in roots}, list(roots), {}
        while queue:
            node = queue.pop()
            for ref in self.refs.get(node, ()):
                target = self.resolve(ref)
                if target is None:
                    found.setdefault(ref[1], node)
                elif target not in came_from:
                    came_from[target] = node
                    queue.append(target)

        def chain(node):
            names = []
            while node:
                names.append(f"{node[0]}:{re.sub(r'^.(text|rodata|data)(.rel.ro)?(.local)?.', '', node[1])}")
                node = came_from[node]
            return " < ".join(names)

        return {name: chain(node) for name, node in found.items() if not name.startswith(".")}


def plain(name):
    """The function behind what _FORTIFY_SOURCE and large file support make of its name."""
    name = re.sub(r"^__(\w+)_chk$", r"\1", name)
    return re.sub(r"^(?:__)?(\w+?)(?:64)?(?:_2)?$", r"\1", name) if name.startswith("__open") else re.sub(r"64$", "", name)


def allow_list(path):
    """Lines "WORD [WORD] reason" with comments; returns the first words of each line up to the reason."""
    with open(path, encoding="utf-8") as f:
        return [line.split() for line in f if line.strip() and not line.startswith("#")]
