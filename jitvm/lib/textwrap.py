"""Wrapping and filling of text."""

__all__ = ["TextWrapper", "wrap", "fill", "dedent", "indent", "shorten"]

_WHITESPACE = "\t\n\x0b\x0c\r "


def _is_word(character):
    return character.isalnum() or character == "_"


class TextWrapper:
    """Settings for wrapping text, one attribute each."""

    def __init__(self, width=70, initial_indent="", subsequent_indent="", expand_tabs=True, replace_whitespace=True,
                 fix_sentence_endings=False, break_long_words=True, drop_whitespace=True, break_on_hyphens=True,
                 tabsize=8, *, max_lines=None, placeholder=" [...]"):  # fmt: skip
        self.width = width
        self.initial_indent = initial_indent
        self.subsequent_indent = subsequent_indent
        self.expand_tabs = expand_tabs
        self.replace_whitespace = replace_whitespace
        self.fix_sentence_endings = fix_sentence_endings
        self.break_long_words = break_long_words
        self.drop_whitespace = drop_whitespace
        self.break_on_hyphens = break_on_hyphens
        self.tabsize = tabsize
        self.max_lines = max_lines
        self.placeholder = placeholder

    def _prepared(self, text):
        if self.expand_tabs:
            text = text.expandtabs(self.tabsize)
        if self.replace_whitespace:
            text = "".join([" " if character in _WHITESPACE else character for character in text])
        return text

    def _chunks(self, text):
        """Pieces that are not broken: words, parts of words up to a hyphen, runs of whitespace."""
        chunks = []
        place = 0
        while place < len(text):
            start = place
            blank = text[place] in _WHITESPACE
            while place < len(text) and (text[place] in _WHITESPACE) == blank:
                place += 1
            word = text[start:place]
            if blank or not self.break_on_hyphens:
                chunks.append(word)
            else:
                chunks.extend(_hyphenated(word))
        if self.fix_sentence_endings:
            for index in range(len(chunks) - 1):
                end = chunks[index].rstrip("\"'")
                if chunks[index + 1] == " " and end[-1:] in (".", "!", "?") and end[-2:-1].islower():
                    chunks[index + 1] = "  "
        return chunks

    def wrap(self, text):
        """Lines of at most the width."""
        if self.width <= 0:
            raise ValueError(f"invalid width {self.width!r} (must be > 0)")
        if self.max_lines is not None:
            indent = self.subsequent_indent if self.max_lines > 1 else self.initial_indent
            if len(indent) + len(self.placeholder.lstrip()) > self.width:
                raise ValueError("placeholder too large for max width")
        lines = []
        chunks = self._chunks(self._prepared(text))
        chunks.reverse()
        while chunks:
            indent = self.subsequent_indent if lines else self.initial_indent
            width = self.width - len(indent)
            line, length = [], 0
            if self.drop_whitespace and lines and not chunks[-1].strip():
                chunks.pop()
            while chunks and length + len(chunks[-1]) <= width:
                length += len(chunks[-1])
                line.append(chunks.pop())
            if chunks and len(chunks[-1]) > width:
                self._break(chunks, line, length, width)
                length = sum(map(len, line))
            if self.drop_whitespace and line and not line[-1].strip():
                length -= len(line.pop())
            if not line:
                continue
            is_last = not chunks or self.drop_whitespace and len(chunks) == 1 and not chunks[0].strip()
            if self.max_lines is None or len(lines) + 1 < self.max_lines or is_last and length <= width:
                lines.append(indent + "".join(line))
                continue
            while line:
                if line[-1].strip() and length + len(self.placeholder) <= width:
                    line.append(self.placeholder)
                    lines.append(indent + "".join(line))
                    break
                length -= len(line.pop())
            else:
                if lines and len(lines[-1].rstrip()) + len(self.placeholder) <= self.width:
                    lines[-1] = lines[-1].rstrip() + self.placeholder
                else:
                    lines.append(indent + self.placeholder.lstrip())
            break
        return lines

    def _break(self, chunks, line, length, width):
        """Puts the start of a chunk that fits no line on this one."""
        room = 1 if width < 1 else width - length
        if self.break_long_words:
            chunk = chunks[-1]
            end = room
            if self.break_on_hyphens and len(chunk) > room:
                hyphen = chunk.rfind("-", 0, room)
                if hyphen > 0 and chunk[:hyphen].strip("-"):
                    end = hyphen + 1
            line.append(chunk[:end])
            chunks[-1] = chunk[end:]
        elif not line:
            line.append(chunks.pop())

    def fill(self, text):
        """The lines joined."""
        return "\n".join(self.wrap(text))


def _hyphenated(word):
    """The word cut after hyphens between letters, and around dashes."""
    pieces = []
    start = place = 0
    while place < len(word):
        if word[place] != "-":
            place += 1
            continue
        end = place
        while end < len(word) and word[end] == "-":
            end += 1
        before, after = word[start:place], word[end:]
        if end - place >= 2:
            # A dash between words is a piece of its own.
            if before and _is_word(before[-1]) | (before[-1] in "!\"'&.,?") and after and _is_word(after[0]):
                pieces += [before, word[place:end]]
                start = end
        elif len(before) >= 2 and after and _letters(before[-2:]) and (_letters(after[:2]) and len(after) >= 2 or
                                                                      _letters(after[:1]) and after[1:2] == "-"):  # fmt: skip
            pieces.append(word[start:end])
            start = end
        place = end
    if start < len(word):
        pieces.append(word[start:])
    return pieces


def _letters(text):
    return all([_is_word(character) and not character.isdigit() for character in text])


def wrap(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).wrap(text)


def fill(text, width=70, **kwargs):
    return TextWrapper(width=width, **kwargs).fill(text)


def shorten(text, width, **kwargs):
    """The text on one line of at most the width, words being left out."""
    return TextWrapper(width=width, max_lines=1, **kwargs).fill(" ".join(text.strip().split()))


def dedent(text):
    """The lines without the whitespace that all begin with."""
    lines = text.split("\n")
    margin = None
    for index, line in enumerate(lines):
        stripped = line.lstrip(" \t")
        if not stripped:
            lines[index] = ""
            continue
        own = line[: len(line) - len(stripped)]
        if margin is None:
            margin = own
            continue
        common = 0
        while common < min(len(margin), len(own)) and margin[common] == own[common]:
            common += 1
        margin = margin[:common]
    if margin:
        lines = [line[len(margin) :] if line else line for line in lines]
    return "\n".join(lines)


def indent(text, prefix, predicate=None):
    """The lines with a prefix: those that are not blank, or that the predicate holds for."""
    if predicate is None:
        predicate = str.strip
    return "".join([prefix + line if predicate(line) else line for line in text.splitlines(True)])
