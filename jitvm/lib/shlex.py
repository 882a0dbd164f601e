"""Splitting text as a shell does."""

import re

__all__ = ["shlex", "split", "quote", "join"]

_safe = re.compile(r"[\w@%+=:,./-]*", re.ASCII).fullmatch


class shlex:
    """Iterates over the words of a text or stream, by the rules of a simple shell or (posix) of the Bourne shell."""

    def __init__(self, instream=None, infile=None, posix=False, punctuation_chars=False):
        if isinstance(instream, str):
            import io
            instream = io.StringIO(instream)
        if instream is None:
            import sys
            instream = sys.stdin
        self.instream = instream
        self.infile = infile
        self.posix = posix
        self.eof = None if posix else ""
        self.commenters = "#"
        self.wordchars = "abcdfeghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
        if posix:
            self.wordchars += "".join(map(chr, [*range(0xdf, 0xf7), *range(0xf8, 0x100), *range(0xc0, 0xd7), *range(0xd8, 0xdf)]))
        self.whitespace = " \t\r\n"
        self.whitespace_split = False
        self.quotes = "'\""
        self.escape = "\\"
        self.escapedquotes = '"'
        self.state = " "
        self.pushback = []
        self.lineno = 1
        self.debug = 0
        self.token = ""
        self.source = None
        if punctuation_chars is True:
            punctuation_chars = "();<>|&"
        self._punctuation_chars = punctuation_chars or ""
        self._text = None
        self._at = 0
        if punctuation_chars:
            self.wordchars += "~-./*?="
            self.wordchars = "".join(c for c in self.wordchars if c not in self._punctuation_chars)

    @property
    def punctuation_chars(self):
        return self._punctuation_chars

    def push_token(self, tok):
        self.pushback.insert(0, tok)

    def get_token(self):
        return self.pushback.pop(0) if self.pushback else self.read_token()

    def error_leader(self, infile=None, lineno=None):
        return '"%s", line %d: ' % (infile or self.infile, lineno or self.lineno)

    def _next(self):
        if self._text is None:
            self._text = self.instream.read()
        at = self._at
        if at >= len(self._text):
            return ""
        self._at = at + 1
        if self._text[at] == "\n":
            self.lineno += 1
        return self._text[at]

    def _back(self, c):
        self._at -= 1
        if c == "\n":
            self.lineno -= 1

    def _skip_line(self):
        while self._next() not in ("", "\n"):
            pass

    def read_token(self):
        posix = self.posix
        marks = self._punctuation_chars
        word, quoted = [], False
        while True:
            c = self._next()
            if not c:
                break
            if c in self.whitespace:
                if word or quoted and posix:
                    break
            elif c in self.commenters:
                self._skip_line()
                if word or quoted and posix:
                    break
            elif c in self.quotes and (posix or not word):
                opening = c
                if not posix:
                    word.append(c)
                quoted = True
                while True:
                    c = self._next()
                    if not c:
                        raise ValueError("No closing quotation")
                    if c == opening:
                        break
                    if posix and c in self.escape and opening in self.escapedquotes:
                        following = self._next()
                        if not following:
                            raise ValueError("No escaped character")
                        if following not in (c, opening):
                            word.append(c)
                        c = following
                    word.append(c)
                if not posix:
                    word.append(opening)
                    break
            elif posix and c in self.escape:
                c = self._next()
                if not c:
                    raise ValueError("No escaped character")
                word.append(c)
                quoted = True
            elif marks and c in marks:
                if word or quoted and posix:
                    self._back(c)
                    break
                while c and c in marks:
                    word.append(c)
                    c = self._next()
                if c:
                    self._back(c)
                break
            elif c in self.wordchars or self.whitespace_split or c in self.quotes:
                word.append(c)
            elif word or quoted and posix:
                self._back(c)
                break
            else:
                word.append(c)
                break
        if word or quoted and posix:
            self.token = "".join(word)
            return self.token
        self.token = ""
        return self.eof

    def __iter__(self):
        return self

    def __next__(self):
        token = self.get_token()
        if token == self.eof:
            raise StopIteration
        return token


def split(s, comments=False, posix=True):
    """The words of a command line."""
    if s is None:
        raise ValueError("s argument must not be None")
    words = shlex(s, posix=posix)
    words.whitespace_split = True
    if not comments:
        words.commenters = ""
    return list(words)


def quote(s):
    """A word as a shell takes it."""
    if not s:
        return "''"
    return s if _safe(s) else "'" + s.replace("'", "'\"'\"'") + "'"


def join(split_command):
    return " ".join(quote(word) for word in split_command)
