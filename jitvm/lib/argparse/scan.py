"""How argparse goes through the arguments of a command line."""

from argparse.help import ONE_OR_MORE, OPTIONAL, PARSER, REMAINDER, SUPPRESS, ZERO_OR_MORE


def _limits(nargs):
    """How many arguments: the least, and the most or None. REMAINDER and PARSER also take options."""
    if nargs is None:
        return 1, 1
    if nargs == OPTIONAL:
        return 0, 1
    if nargs in (ZERO_OR_MORE, REMAINDER):
        return 0, None
    if nargs in (ONE_OR_MORE, PARSER):
        return 1, None
    if nargs == SUPPRESS:
        return 0, 0
    return nargs, nargs


class Scan:
    """One run of a parser; `error` is the class of its errors."""

    def __init__(self, parser, namespace, error):
        self.parser = parser
        self.namespace = namespace
        self.error = error
        self.rest = []
        self.seen = []
        self.given = []
        self.positionals = [action for action in parser._actions if not action.option_strings]

    def run(self, args):
        """Does what the arguments say. Gives those that are not known."""
        parser = self.parser
        if parser.fromfile_prefix_chars is not None:
            args = self._with_files(args)
        self.args = args
        # Kinds: O option, A argument, - the first "--".
        self.kinds = []
        self.options = {}
        only_arguments = False
        for index, text in enumerate(args):
            if only_arguments:
                self.kinds.append("A")
            elif text == "--":
                self.kinds.append("-")
                only_arguments = True
            else:
                option = self._option(text)
                if option is not None:
                    self.options[index] = option
                self.kinds.append("A" if option is None else "O")
        place = 0
        last = max(self.options, default=-1)
        while place <= last:
            following = min([index for index in self.options if index >= place])
            if place != following:
                after = self._take_positionals(place)
                if after > place:
                    place = after
                    continue
            if place not in self.options:
                self.rest.extend(args[place:following])
                place = following
            place = self._take_option(place)
        place = self._take_positionals(place)
        self.rest.extend(args[place:])
        self._finish()
        return self.rest

    def _with_files(self, args):
        result = []
        for text in args:
            if not text or text[0] not in self.parser.fromfile_prefix_chars:
                result.append(text)
                continue
            try:
                with open(text[1:]) as file:
                    lines = file.read().splitlines()
            except OSError as error:
                raise self.error(None, str(error))
            inner = [arg for line in lines for arg in self.parser.convert_arg_line_to_args(line)]
            result.extend(self._with_files(inner))
        return result

    def _option(self, text):
        """(action or None, option, argument in the same text or None); None if the text is no option."""
        parser = self.parser
        known = parser._option_string_actions
        if not text or text[0] not in parser.prefix_chars:
            return None
        if text in known:
            return known[text], text, None
        if len(text) == 1:
            return None
        if "=" in text:
            name, _, value = text.partition("=")
            if name in known:
                return known[name], name, value
        found = self._abbreviated(text)
        if len(found) > 1:
            names = ", ".join([name for _, name, _ in found])
            raise self.error(None, f"ambiguous option: {text} could match {names}")
        if found:
            return found[0]
        from argparse import _looks_like_negative_number

        if _looks_like_negative_number(text) and not parser._has_negative_number_optionals:
            return None
        if " " in text:
            return None
        return None, text, None

    def _abbreviated(self, text):
        parser = self.parser
        known = parser._option_string_actions
        result = []
        if text[1] in parser.prefix_chars:
            if parser.allow_abbrev:
                prefix, equals, value = text.partition("=")
                value = value if equals else None
                result = [(known[name], name, value) for name in known if name.startswith(prefix)]
            return result
        short, value = text[:2], text[2:]
        for name in known:
            if name == short:
                result.append((known[name], name, value))
            elif name.startswith(text) and parser.allow_abbrev:
                result.append((known[name], name, None))
        return result

    def _available(self, place, nargs):
        """How many arguments from a place on are for `nargs`, options and `--` being counted or not."""
        end = place
        if nargs in (REMAINDER, PARSER):
            if nargs == PARSER and (place >= len(self.kinds) or "A" not in self.kinds[place : place + 2]):
                return 0, 0
            return len(self.kinds) - place, self.kinds[place:].count("-")
        while end < len(self.kinds) and self.kinds[end] != "O":
            end += 1
        return end - place, self.kinds[place:end].count("-")

    def _count_for_option(self, action, place):
        """How many texts after an option are its arguments."""
        least, most = _limits(action.nargs)
        if action.nargs in (REMAINDER, PARSER):
            count = len(self.kinds) - place
        else:
            count = 0
            while place + count < len(self.kinds) and self.kinds[place + count] == "A" and (most is None or count < most):
                count += 1
        if count < least:
            if action.nargs is None:
                message = "expected one argument"
            elif action.nargs == ONE_OR_MORE:
                message = "expected at least one argument"
            else:
                message = f"expected {action.nargs} argument" + ("" if action.nargs == 1 else "s")
            raise self.error(action, message)
        return count

    def _take_option(self, place):
        action, option, value = self.options[place]
        while True:
            if action is None:
                self.rest.append(self.args[place])
                return place + 1
            if value is None:
                start = place + 1
                count = self._count_for_option(action, start)
                self._act(action, self.args[start : start + count], option)
                return start + count
            least, most = _limits(action.nargs)
            if most != 0:
                if least > 1:
                    self._count_short(action)
                self._act(action, [value], option)
                return place + 1
            # A flag: what follows in the same text must be other flags.
            known = self.parser._option_string_actions
            if option[1:2] in self.parser.prefix_chars or value == "":
                raise self.error(action, f"ignored explicit argument {value!r}")
            following = option[0] + value[0]
            if following not in known:
                raise self.error(action, f"ignored explicit argument {value!r}")
            self._act(action, [], option)
            action, option, value = known[following], following, value[1:] or None
            if value is not None and value.startswith("=") and _limits(action.nargs)[1] != 0:
                value = value[1:]

    def _count_short(self, action):
        raise self.error(action, f"expected {action.nargs} arguments")

    def _take_positionals(self, place):
        counts = self._counts(place)
        for action, count in zip(self.positionals, counts):
            texts = self.args[place : place + count]
            if action.nargs not in (PARSER, REMAINDER) and "-" in self.kinds[place : place + count]:
                texts.remove("--")
            elif action.nargs == PARSER and texts[0] == "--":
                texts = texts[1:]
            place += count
            self._act(action, texts, None)
        self.positionals = self.positionals[len(counts) :]
        return place

    def _counts(self, place):
        """How many texts each of the next positional arguments takes: as many of them as can be served."""
        for number in range(len(self.positionals), 0, -1):
            counts = self._serve(self.positionals[:number], place)
            if counts is not None:
                return counts
        return []

    def _serve(self, actions, place):
        if not actions:
            return []
        nargs = actions[0].nargs
        least, most = _limits(nargs)
        available, dashes = self._available(place, nargs)
        if nargs in (REMAINDER, PARSER):
            dashes = 0
        highest = available - dashes if most is None else min(most, available - dashes)
        for wanted in range(highest, least - 1, -1):
            count = self._with_dashes(place, wanted, nargs)
            following = self._serve(actions[1:], place + count)
            if following is not None:
                return [count] + following
        return None

    def _with_dashes(self, place, wanted, nargs):
        """So many arguments, with a `--` before or among them."""
        if nargs in (REMAINDER, PARSER):
            return wanted
        count = taken = 0
        while taken < wanted or place + count < len(self.kinds) and self.kinds[place + count] == "-" and wanted:
            taken += self.kinds[place + count] == "A"
            count += 1
        return count

    def _act(self, action, texts, option):
        self.seen.append(action)
        value = self._values(action, texts)
        if value is not action.default:
            self.given.append(action)
            for group in self.parser._mutually_exclusive_groups:
                if action not in group._group_actions:
                    continue
                for other in group._group_actions:
                    if other is not action and other in self.given:
                        from argparse import _argument_name

                        raise self.error(action, f"not allowed with argument {_argument_name(other)}")
        if value is not SUPPRESS:
            action(self.parser, self.namespace, value, option)

    def _values(self, action, texts):
        parser = self.parser
        nargs = action.nargs
        if not texts and nargs == OPTIONAL:
            value = action.const if action.option_strings else action.default
            if isinstance(value, str):
                value = parser._value(action, value)
                parser._check_value(action, value)
            return value
        if not texts and nargs == ZERO_OR_MORE and not action.option_strings:
            if action.default is not None:
                return action.default
            return []
        if len(texts) == 1 and nargs in (None, OPTIONAL):
            value = parser._value(action, texts[0])
            parser._check_value(action, value)
            return value
        if nargs == SUPPRESS:
            return SUPPRESS
        values = [parser._value(action, text) for text in texts]
        if nargs == PARSER:
            parser._check_value(action, values[0])
        elif nargs != REMAINDER:
            for value in values:
                parser._check_value(action, value)
        return values

    def _finish(self):
        """Converts the defaults that are text, and complains of what is missing."""
        from argparse import _argument_name

        missing = []
        for action in self.parser._actions:
            if action in self.seen:
                continue
            if action.required:
                missing.append(_argument_name(action))
            elif isinstance(action.default, str) and action.dest is not SUPPRESS:
                if getattr(self.namespace, action.dest, None) is action.default:
                    setattr(self.namespace, action.dest, self.parser._value(action, action.default))
        if missing:
            names = ", ".join([name for name in missing if name is not None])
            self.parser.error("the following arguments are required: " + names)
        for group in self.parser._mutually_exclusive_groups:
            if group.required and not any([action in self.given for action in group._group_actions]):
                names = [_argument_name(action) for action in group._group_actions if action.help is not SUPPRESS]
                self.parser.error("one of the arguments " + " ".join(names) + " is required")
