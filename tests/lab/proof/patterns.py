"""Places of a source, named by its tokens: what is between them does not matter, and $word stands for
any identifier, the same one each time. So a mutant does not depend on the names of local variables
and static functions, nor on where lines end."""

import re

TOKEN = re.compile(r"""
    \s+ | (?P<any> \$\w+ ) | (?P<word> \w+ ) | (?P<sign> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | . )
""", re.X | re.S)
BETWEEN = r"(?:\s|/\*.*?\*/)"


def expression(pattern):
    """A regular expression for a pattern, with a group for each $word."""
    parts, named, word_before = [], set(), False
    for match in TOKEN.finditer(pattern):
        if match.lastgroup is None:
            continue
        text, is_word = match.group(), match.lastgroup != "sign"
        if parts:
            parts.append(BETWEEN + ("+" if word_before and is_word else "*"))
        if match.lastgroup == "any" and text in named:
            parts.append(rf"\b(?P={text[1:]})\b")
        elif match.lastgroup == "any":
            parts.append(rf"\b(?P<{text[1:]}>[A-Za-z_]\w*)\b")
            named.add(text)
        else:
            parts.append(rf"\b{text}\b" if is_word else re.escape(text))
        word_before = is_word
    return re.compile("".join(parts), re.S)


def function_of(source, name):
    """Where the definition of a function is: (start, end). Both are 0 when it is not there."""
    found = re.search(rf"^[A-Za-z_][^;{{}}=#]*?\b{name}\([^;{{}}]*\)\n\{{.*?^\}}", source, re.M | re.S)
    return found.span() if found else (0, 0)


def replaced(source, pattern, replacement):
    """The source with its one place of the pattern replaced; None when there is not one place. With
    "in NAME: " before it, the pattern is looked for in the definition of that function."""
    start, end = 0, len(source)
    scoped = re.match(r"in (\w+): ", pattern)
    if scoped:
        start, end = function_of(source, scoped[1])
        pattern = pattern[scoped.end():]
    places = list(expression(pattern).finditer(source, start, end))
    if len(places) != 1:
        return None
    new = re.sub(r"\$(\w+)", lambda name: places[0][name[1]], replacement)
    return source[:places[0].start()] + new + source[places[0].end():]


def definitions(root, name):
    """The texts of the shipped functions of a name, without their comments."""
    for path in sorted(path for part in ("capture", "common", "exporter")
                       for path in (root / part).rglob("*.[ch]")):
        source = path.read_text()
        start, end = function_of(source, name)
        if end > 0:
            yield re.sub(r"/\*.*?\*/", "", source[start:end], flags=re.S)
