"""Addresses taken apart and put together."""

from collections import namedtuple

__all__ = ["urlparse", "urlunparse", "urljoin", "urldefrag", "urlsplit", "urlunsplit", "urlencode", "parse_qs",
           "parse_qsl", "quote", "quote_plus", "quote_from_bytes", "unquote", "unquote_plus", "unquote_to_bytes",
           "DefragResult", "ParseResult", "SplitResult"]

uses_relative = ["", "ftp", "http", "gopher", "nntp", "imap", "wais", "file", "https", "shttp", "mms", "prospero",
                 "rtsp", "rtspu", "sftp", "svn", "svn+ssh", "ws", "wss"]
uses_netloc = ["", "ftp", "http", "gopher", "nntp", "telnet", "imap", "wais", "file", "mms", "https", "shttp",
               "snews", "prospero", "rtsp", "rtspu", "rsync", "svn", "svn+ssh", "sftp", "nfs", "git", "git+ssh",
               "ws", "wss"]
uses_params = ["", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtspu", "sip", "sips", "mms",
               "sftp", "tel"]
_always_safe = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
_scheme_characters = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.")


class _Located:
    """What a network location says."""

    __slots__ = ()

    def _user(self):
        user, at, _ = self.netloc.rpartition("@")
        if not at:
            return None, None
        name, colon, password = user.partition(":")
        return name, password if colon else None

    def _host(self):
        host = self.netloc.rpartition("@")[2]
        _, bracket, inner = host.partition("[")
        if bracket:
            name, _, rest = inner.partition("]")
            port = rest.partition(":")[2]
        else:
            name, _, port = host.partition(":")
        return name, port or None

    @property
    def username(self):
        return self._user()[0]

    @property
    def password(self):
        return self._user()[1]

    @property
    def hostname(self):
        name = self._host()[0]
        if not name:
            return None
        name, percent, zone = name.partition("%")
        return name.lower() + percent + zone

    @property
    def port(self):
        port = self._host()[1]
        if port is None:
            return None
        if not (port.isdigit() and port.isascii()):
            raise ValueError("Port could not be cast to integer value as %r" % port)
        if int(port) > 65535:
            raise ValueError("Port out of range 0-65535")
        return int(port)


class DefragResult(namedtuple("DefragResult", "url fragment")):
    __slots__ = ()

    def geturl(self):
        return self.url + "#" + self.fragment if self.fragment else self.url


class SplitResult(namedtuple("SplitResult", "scheme netloc path query fragment"), _Located):
    __slots__ = ()

    def geturl(self):
        return urlunsplit(self)


class ParseResult(namedtuple("ParseResult", "scheme netloc path params query fragment"), _Located):
    __slots__ = ()

    def geturl(self):
        return urlunparse(self)


class _Bytes:
    """Results of bytes: the same with each part encoded."""


def _text(*values):
    """The values as strs, and whether they were bytes."""
    kinds = {isinstance(value, str) for value in values if value}
    if len(kinds) > 1:
        raise TypeError("Cannot mix str and non-str arguments")
    if False in kinds:
        return [value.decode("ascii") if value else "" for value in values], True
    return list(values), False


def _check_netloc(netloc):
    if ("[" in netloc) != ("]" in netloc):
        raise ValueError("Invalid IPv6 URL")


def urlsplit(url, scheme="", allow_fragments=True):
    (url, scheme), as_bytes = _text(url, scheme)
    url = url.lstrip("".join(map(chr, range(33))))
    scheme = scheme.strip("".join(map(chr, range(33))))
    for c in "\t\r\n":
        url = url.replace(c, "")
        scheme = scheme.replace(c, "")
    netloc = query = fragment = ""
    colon = url.find(":")
    if colon > 0 and url[0].isascii() and url[0].isalpha() and all(c in _scheme_characters for c in url[:colon]):
        scheme, url = url[:colon].lower(), url[colon + 1:]
    if url[:2] == "//":
        end = min((at for at in (url.find(c, 2) for c in "/?#") if at >= 0), default=len(url))
        netloc, url = url[2:end], url[end:]
        _check_netloc(netloc)
    if allow_fragments and "#" in url:
        url, fragment = url.split("#", 1)
    if "?" in url:
        url, query = url.split("?", 1)
    parts = scheme, netloc, url, query, fragment
    return SplitResult(*(part.encode("ascii") for part in parts)) if as_bytes else SplitResult(*parts)


def urlparse(url, scheme="", allow_fragments=True):
    (url, scheme), as_bytes = _text(url, scheme)
    scheme, netloc, path, query, fragment = urlsplit(url, scheme, allow_fragments)
    params = ""
    if scheme in uses_params and ";" in path:
        at = path.find(";", path.rfind("/") + 1)
        if at >= 0:
            path, params = path[:at], path[at + 1:]
    parts = scheme, netloc, path, params, query, fragment
    return ParseResult(*(part.encode("ascii") for part in parts)) if as_bytes else ParseResult(*parts)


def urlunsplit(components):
    (scheme, netloc, url, query, fragment), as_bytes = _text(*components)
    if netloc or scheme and scheme in uses_netloc and url[:2] != "//":
        if url and url[:1] != "/":
            url = "/" + url
        url = "//" + (netloc or "") + url
    if scheme:
        url = scheme + ":" + url
    if query:
        url += "?" + query
    if fragment:
        url += "#" + fragment
    return url.encode("ascii") if as_bytes else url


def urlunparse(components):
    scheme, netloc, url, params, query, fragment = components
    if params:
        url = url + (b";" if isinstance(params, bytes) else ";") + params
    return urlunsplit((scheme, netloc, url, query, fragment))


def urldefrag(url):
    parts = urlparse(url)
    empty = parts.scheme[:0]
    return DefragResult(urlunparse((*parts[:5], empty)) if parts.fragment else url, parts.fragment)


def urljoin(base, url, allow_fragments=True):
    """What a reference means in the document at `base`."""
    if not base:
        return url
    if not url:
        return base
    (base, url), as_bytes = _text(base, url)
    b = urlparse(base, "", allow_fragments)
    u = urlparse(url, b.scheme, allow_fragments)

    def result(*parts):
        joined = urlunparse(parts)
        return joined.encode("ascii") if as_bytes else joined

    if u.scheme != b.scheme or u.scheme not in uses_relative:
        return url.encode("ascii") if as_bytes else url
    netloc = u.netloc
    if u.scheme in uses_netloc:
        if netloc:
            return result(*u)
        netloc = b.netloc
    if not u.path and not u.params:
        return result(u.scheme, netloc, b.path, b.params, u.query or b.query, u.fragment)
    base_parts = b.path.split("/")
    if base_parts[-1] != "":
        del base_parts[-1]
    if u.path[:1] == "/":
        segments = u.path.split("/")
    else:
        segments = base_parts + u.path.split("/")
        segments[1:-1] = filter(None, segments[1:-1])
    resolved = []
    for segment in segments:
        if segment == "..":
            if resolved:
                resolved.pop()
        elif segment != ".":
            resolved.append(segment)
    if segments[-1] in (".", ".."):
        resolved.append("")
    return result(u.scheme, netloc, "/".join(resolved) or "/", u.params, u.query, u.fragment)


def quote_from_bytes(bs, safe="/"):
    if not isinstance(bs, (bytes, bytearray)):
        raise TypeError("quote_from_bytes() expected bytes")
    if isinstance(safe, str):
        safe = safe.encode("ascii", "ignore")
    allowed = _always_safe.union(c for c in safe if c < 128)
    return "".join(chr(c) if c in allowed else "%%%02X" % c for c in bs)


def quote(string, safe="/", encoding=None, errors=None):
    """Replaces what may not stand in an address by %XX."""
    if isinstance(string, str):
        if not string:
            return string
        string = string.encode(encoding or "utf-8", errors or "strict")
    else:
        if encoding is not None:
            raise TypeError("quote() doesn't support 'encoding' for bytes")
        if errors is not None:
            raise TypeError("quote() doesn't support 'errors' for bytes")
    return quote_from_bytes(string, safe)


def quote_plus(string, safe="", encoding=None, errors=None):
    if isinstance(string, str) and " " not in string or isinstance(string, bytes) and b" " not in string:
        return quote(string, safe, encoding, errors)
    space = " " if isinstance(safe, str) else b" "
    return quote(string, safe + space, encoding, errors).replace(" ", "+")


_HEX = frozenset("0123456789abcdefABCDEF")


def unquote_to_bytes(string):
    if not string:
        return b""
    if isinstance(string, str):
        string = string.encode("utf-8")
    first, *pieces = bytes(string).split(b"%")
    result = [first]
    for piece in pieces:
        digits = piece[:2].decode("latin-1")
        if len(digits) == 2 and digits[0] in _HEX and digits[1] in _HEX:
            result += [bytes([int(digits, 16)]), piece[2:]]
        else:
            result += [b"%", piece]
    return b"".join(result)


def unquote(string, encoding="utf-8", errors="replace"):
    if isinstance(string, bytes):
        return unquote_to_bytes(string).decode(encoding or "utf-8", errors or "replace")
    if "%" not in string:
        return string
    result, ascii_run = [], []
    for c in string:
        if c.isascii():
            ascii_run.append(c)
        else:
            if ascii_run:
                result.append(unquote_to_bytes("".join(ascii_run)).decode(encoding or "utf-8", errors or "replace"))
                ascii_run = []
            result.append(c)
    if ascii_run:
        result.append(unquote_to_bytes("".join(ascii_run)).decode(encoding or "utf-8", errors or "replace"))
    return "".join(result)


def unquote_plus(string, encoding="utf-8", errors="replace"):
    return unquote(string.replace("+", " "), encoding, errors)


def parse_qsl(qs, keep_blank_values=False, strict_parsing=False, encoding="utf-8", errors="replace",
              max_num_fields=None, separator="&"):
    if not separator or not isinstance(separator, (str, bytes)):
        raise ValueError("Separator must be of type string or bytes.")
    as_bytes = isinstance(qs, bytes)
    if as_bytes:
        qs = qs.decode("ascii")
    if isinstance(separator, bytes):
        separator = separator.decode("ascii")
    if not qs:
        return []
    if max_num_fields is not None and max_num_fields < 1 + qs.count(separator):
        raise ValueError("Max number of fields exceeded")
    result = []
    for field in qs.split(separator):
        if not field and not strict_parsing:
            continue
        name, equals, value = field.partition("=")
        if not equals:
            if strict_parsing:
                raise ValueError("bad query field: %r" % (field,))
            if not keep_blank_values:
                continue
        if value or keep_blank_values:
            pair = unquote_plus(name, encoding, errors), unquote_plus(value, encoding, errors)
            result.append(tuple(part.encode("ascii") for part in pair) if as_bytes else pair)
    return result


def parse_qs(qs, keep_blank_values=False, strict_parsing=False, encoding="utf-8", errors="replace",
             max_num_fields=None, separator="&"):
    result = {}
    for name, value in parse_qsl(qs, keep_blank_values, strict_parsing, encoding, errors, max_num_fields, separator):
        result.setdefault(name, []).append(value)
    return result


def urlencode(query, doseq=False, safe="", encoding=None, errors=None, quote_via=quote_plus):
    """Pairs, or a mapping, as a query."""
    if hasattr(query, "items"):
        query = query.items()
    else:
        try:
            if len(query) and not isinstance(query[0], tuple):
                raise TypeError
        except TypeError:
            raise TypeError("not a valid non-string sequence or mapping object") from None

    def quoted(value):
        if isinstance(value, bytes):
            return quote_via(value, safe)
        return quote_via(value if isinstance(value, str) else str(value), safe, encoding, errors)

    pairs = []
    for name, value in query:
        name = quoted(name)
        if doseq and not isinstance(value, (str, bytes)):
            try:
                len(value)
            except TypeError:
                pass
            else:
                pairs.extend(name + "=" + quoted(one) for one in value)
                continue
        pairs.append(name + "=" + quoted(value))
    return "&".join(pairs)
