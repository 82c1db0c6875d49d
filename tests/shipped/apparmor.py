"""What strace saw a program do to files, and the profile does not allow.

apparmor.py PROFILE TRACE...: the profile as `apparmor_parser -p` prints it, with all that it includes.
"""
import re
import sys


def braces(text):
    """The alternatives of a pattern: `/{usr/,}bin` is two."""
    start = text.find("{")
    while start > 0 and text[start - 1] in "@\\":
        start = text.find("{", start + 1)
    if start < 0:
        return [text]
    depth, parts, last = 0, [], start + 1
    for at in range(start, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                parts.append(text[last:at])
                return [one for part in parts for one in braces(text[:start] + part + text[at + 1 :])]
        elif text[at] == "," and depth == 1:
            parts.append(text[last:at])
            last = at + 1
    raise ValueError(text)


def variables(text, known):
    found = re.search(r"@\{(\w+)\}", text)
    if not found:
        return [text]
    # @{pid} has an alternative for each length.
    values = ["[0-9]**"] if found[1] in ("pid", "pids", "tid", "uid") else known.get(found[1], [])
    return [one for value in values for one in variables(text.replace(found[0], value, 1), known)]


def pattern(text):
    """apparmor.d(5): `*` is anything within a folder, `**` also below it."""
    text = re.sub(r"/+", "/", text)
    out, at = "", 0
    for piece in re.findall(r"\*\*|\*|\?|\[[^]]*\]|.", text):
        out += {"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, piece if piece[0] == "[" else re.escape(piece))
    return re.compile(out + r"\Z")


def rules(profile):
    known, allowed, denied = {}, [], []
    for line in profile.splitlines():
        given = re.match(r"\s*@\{(\w+)\}\s*\+?=\s*(.*)", line)
        if given:
            known.setdefault(given[1], []).extend(value.strip('"') for value in given[2].split())
            continue
        rule = re.match(r"\s*(deny )?\s*(?:owner )?\s*((?:/|@\{)\S*)\s+([a-zA-Z]+),", line)
        if rule:
            for with_values in variables(rule[2], known):
                for one in braces(with_values):
                    (denied if rule[1] else allowed).append((pattern(one), set(rule[3])))
    return allowed, denied


def accesses(trace):
    """Path and permissions of each call that the kernel granted."""
    for line in trace.splitlines():
        call = re.match(r"(?:\d+ +)?(\w+)\((.*)\)\s+= (-?\d+)", line)
        if not call or int(call[3]) < 0:
            continue
        name, arguments = call[1], call[2]
        paths = re.findall(r'"([^"]*)"', arguments)
        if name in ("open", "openat"):
            # A folder that others are found from is opened with O_PATH, which is not asked about.
            if "O_PATH" in arguments or not paths[0].startswith("/"):
                continue
            wanted = {"O_RDWR": "rw", "O_WRONLY": "w"}
            wanted = next((needs for flag, needs in wanted.items() if flag in arguments), "r")
            yield paths[0], wanted
        elif name in ("unlink", "unlinkat", "rename", "renameat2", "chmod", "fchmodat", "chown", "truncate"):
            for path in paths:
                yield path, "w"
        elif name in ("mkdir", "mkdirat"):
            yield paths[0] + "/", "w"
        elif name == "connect" and "sun_path=" in arguments:
            yield paths[0], "w"
        elif name == "execve":
            yield paths[0], "x"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        allowed, denied = rules(file.read())
    seen, missing = 0, set()
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8", errors="replace") as file:
            for path, wanted in accesses(file.read()):
                if not path.startswith("/"):
                    continue
                seen += 1
                has = set()
                # A folder that is read has a slash at its end, which a trace does not tell.
                for candidate in (path, path + "/"):
                    for rule, gives in allowed:
                        if rule.match(candidate):
                            has |= gives
                    if any(rule.match(candidate) for rule, _ in denied):
                        has = set()
                if not set(wanted) <= has:
                    missing.add(f"{path} {wanted}")
    print(f"{seen} seen")
    print("\n".join(sorted(missing)))


main()
