"""The help texts of argparse."""

import textwrap as _textwrap

SUPPRESS = "==SUPPRESS=="
OPTIONAL = "?"
ZERO_OR_MORE = "*"
ONE_OR_MORE = "+"
PARSER = "A..."
REMAINDER = "..."


def basename(path):
    return path.rpartition("/")[2]


def _columns():
    try:
        import os

        return int(os.environ["COLUMNS"])
    except (ImportError, AttributeError, KeyError, ValueError):
        return 80


class _Section:
    def __init__(self, formatter, parent, heading=None):
        self.formatter = formatter
        self.parent = parent
        self.heading = heading
        # Functions that give text.
        self.items = []

    def format_help(self):
        formatter = self.formatter
        if self.parent is not None:
            formatter._indent()
        text = "".join([part for part in [item() for item in self.items] if part and part is not SUPPRESS])
        if self.parent is not None:
            formatter._dedent()
        if not text:
            return ""
        heading = ""
        if self.heading is not SUPPRESS and self.heading is not None:
            heading = " " * formatter._current_indent + f"{self.heading}:\n"
        return "\n" + heading + text + "\n"


class HelpFormatter:
    """Makes the help text of a parser."""

    def __init__(self, prog, indent_increment=2, max_help_position=24, width=None):
        if width is None:
            width = _columns() - 2
        self._prog = prog
        self._indent_increment = indent_increment
        self._width = width
        self._max_help_position = min(max_help_position, max(width - 20, indent_increment * 2))
        self._current_indent = 0
        self._action_max_length = 0
        self._root_section = _Section(self, None)
        self._current_section = self._root_section

    def _indent(self):
        self._current_indent += self._indent_increment

    def _dedent(self):
        self._current_indent -= self._indent_increment

    def start_section(self, heading):
        self._indent()
        section = _Section(self, self._current_section, heading)
        self._current_section.items.append(section.format_help)
        self._current_section = section

    def end_section(self):
        self._current_section = self._current_section.parent
        self._dedent()

    def add_text(self, text):
        if text is not SUPPRESS and text is not None:
            self._current_section.items.append(lambda: self._format_text(text))

    def add_usage(self, usage, actions, groups, prefix=None):
        if usage is not SUPPRESS:
            self._current_section.items.append(lambda: self._format_usage(usage, actions, groups, prefix))

    def add_argument(self, action):
        if action.help is SUPPRESS:
            return
        lengths = [len(self._format_action_invocation(action)) + self._current_indent]
        for inner in self._subactions(action):
            lengths.append(len(self._format_action_invocation(inner)) + self._current_indent + self._indent_increment)
        self._action_max_length = max(self._action_max_length, *lengths)
        self._current_section.items.append(lambda: self._format_action(action))

    def add_arguments(self, actions):
        for action in actions:
            self.add_argument(action)

    def _subactions(self, action):
        get = getattr(action, "_get_subactions", None)
        return [] if get is None else get()

    def format_help(self):
        text = self._root_section.format_help()
        while "\n\n\n" in text:
            text = text.replace("\n\n\n", "\n\n")
        return text.strip("\n") + "\n" if text else text

    def _format_text(self, text):
        if "%(prog)" in text:
            text = text % {"prog": self._prog}
        width = max(self._width - self._current_indent, 11)
        return self._fill_text(text, width, " " * self._current_indent) + "\n\n"

    def _fill_text(self, text, width, indent):
        text = " ".join(text.split())
        return _textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)

    def _split_lines(self, text, width):
        return _textwrap.wrap(" ".join(text.split()), width)

    def _format_usage(self, usage, actions, groups, prefix):
        if prefix is None:
            prefix = "usage: "
        if usage is not None:
            usage = usage % {"prog": self._prog}
        elif not actions:
            usage = self._prog
        else:
            usage = self._made_usage(actions, groups, prefix)
        return f"{prefix}{usage}\n\n"

    def _made_usage(self, actions, groups, prefix):
        optionals = self._usage_parts([action for action in actions if action.option_strings], groups)
        positionals = self._usage_parts([action for action in actions if not action.option_strings], groups)
        usage = " ".join([self._prog] + optionals + positionals)
        width = self._width - self._current_indent
        if len(prefix) + len(usage) <= width:
            return usage
        if len(prefix) + len(self._prog) <= 0.75 * width:
            indent = " " * (len(prefix) + len(self._prog) + 1)
            if optionals:
                lines = self._lines([self._prog] + optionals, indent, width, prefix)
                lines.extend(self._lines(positionals, indent, width))
            elif positionals:
                lines = self._lines([self._prog] + positionals, indent, width, prefix)
            else:
                lines = [self._prog]
        else:
            indent = " " * len(prefix)
            lines = self._lines(optionals + positionals, indent, width)
            if len(lines) > 1:
                lines = self._lines(optionals, indent, width) + self._lines(positionals, indent, width)
            lines = [self._prog] + lines
        return "\n".join(lines)

    def _lines(self, parts, indent, width, prefix=None):
        lines, line = [], []
        length = (len(indent) if prefix is None else len(prefix)) - 1
        for part in parts:
            if length + 1 + len(part) > width and line:
                lines.append(indent + " ".join(line))
                line = []
                length = len(indent) - 1
            line.append(part)
            length += len(part) + 1
        if line:
            lines.append(indent + " ".join(line))
        if prefix is not None:
            lines[0] = lines[0][len(indent) :]
        return lines

    def _usage_parts(self, actions, groups):
        """The parts of the usage that are not broken; those of an exclusive group are joined by bars."""
        parts = []
        index = 0
        while index < len(actions):
            chosen = None
            for group in groups:
                members = group._group_actions
                if members and actions[index : index + len(members)] == members:
                    chosen = group
                    break
            if chosen is None:
                part = self._usage_part(actions[index])
                index += 1
                if part is not None:
                    parts.append(part)
                continue
            inner = []
            for action in chosen._group_actions:
                part = self._usage_part(action)
                if part is not None:
                    if part.startswith("[") and part.endswith("]"):
                        part = part[1:-1]
                    inner.append(part)
            index += len(chosen._group_actions)
            if not inner:
                continue
            text = " | ".join(inner)
            if not chosen.required:
                parts.append(f"[{text}]")
            else:
                parts.append(f"({text})" if len(inner) > 1 else text)
        return parts

    def _usage_part(self, action):
        if action.help is SUPPRESS:
            return None
        if not action.option_strings:
            default = self._get_default_metavar_for_positional(action)
            return self._format_args(action, default)
        if action.nargs == 0:
            part = action.format_usage()
        else:
            default = self._get_default_metavar_for_optional(action)
            part = f"{action.option_strings[0]} {self._format_args(action, default)}"
        return part if action.required else f"[{part}]"

    def _format_action(self, action):
        help_position = min(self._action_max_length + 2, self._max_help_position)
        help_width = max(self._width - help_position, 11)
        room = help_position - self._current_indent - 2
        header = self._format_action_invocation(action)
        indent = " " * self._current_indent
        has_help = action.help and action.help.strip()
        if not action.help:
            parts = [f"{indent}{header}\n"]
        elif len(header) <= room:
            parts = [f"{indent}{header:<{room}}  "]
            first = 0
        else:
            parts = [f"{indent}{header}\n"]
            first = help_position
        if has_help:
            lines = self._split_lines(self._expand_help(action), help_width)
            if lines:
                parts.append(" " * first + lines[0] + "\n")
                parts.extend([" " * help_position + line + "\n" for line in lines[1:]])
        elif not parts[-1].endswith("\n"):
            parts.append("\n")
        for inner in self._subactions(action):
            self._indent()
            parts.append(self._format_action(inner))
            self._dedent()
        return "".join(parts)

    def _format_action_invocation(self, action):
        if not action.option_strings:
            default = self._get_default_metavar_for_positional(action)
            return self._metavars(action, default, 1)[0]
        if action.nargs == 0:
            return ", ".join(action.option_strings)
        args = self._format_args(action, self._get_default_metavar_for_optional(action))
        return ", ".join([f"{option} {args}" for option in action.option_strings])

    def _metavars(self, action, default, count):
        if action.metavar is not None:
            result = action.metavar
        elif action.choices is not None:
            result = "{" + ",".join([str(choice) for choice in action.choices]) + "}"
        else:
            result = default
        return result if isinstance(result, tuple) else (result,) * count

    def _format_args(self, action, default):
        nargs = action.nargs
        if nargs is None:
            return "%s" % self._metavars(action, default, 1)
        if nargs == OPTIONAL:
            return "[%s]" % self._metavars(action, default, 1)
        if nargs == ZERO_OR_MORE:
            metavar = self._metavars(action, default, 1)
            return "[%s [%s ...]]" % metavar if len(metavar) == 2 else "[%s ...]" % metavar
        if nargs == ONE_OR_MORE:
            return "%s [%s ...]" % self._metavars(action, default, 2)
        if nargs == REMAINDER:
            return "..."
        if nargs == PARSER:
            return "%s ..." % self._metavars(action, default, 1)
        if nargs == SUPPRESS:
            return ""
        return " ".join(self._metavars(action, default, nargs)[:nargs])

    def _expand_help(self, action):
        values = dict(vars(action), prog=self._prog)
        values = {name: value for name, value in values.items() if value is not SUPPRESS}
        for name, value in values.items():
            if hasattr(value, "__name__"):
                values[name] = value.__name__
        if values.get("choices") is not None:
            values["choices"] = ", ".join([str(choice) for choice in values["choices"]])
        return self._get_help_string(action) % values

    def _get_help_string(self, action):
        return action.help

    def _get_default_metavar_for_optional(self, action):
        return action.dest.upper()

    def _get_default_metavar_for_positional(self, action):
        return action.dest


class RawDescriptionHelpFormatter(HelpFormatter):
    """Leaves the lines of descriptions alone."""

    def _fill_text(self, text, width, indent):
        return "".join([indent + line for line in text.splitlines(keepends=True)])


class RawTextHelpFormatter(RawDescriptionHelpFormatter):
    """Leaves the lines of all help alone."""

    def _split_lines(self, text, width):
        return text.splitlines()


class ArgumentDefaultsHelpFormatter(HelpFormatter):
    """Adds the defaults to the help."""

    def _get_help_string(self, action):
        text = action.help or ""
        if "%(default)" not in text and action.default is not SUPPRESS:
            if action.option_strings or action.nargs in (OPTIONAL, ZERO_OR_MORE):
                text += " (default: %(default)s)"
        return text


class MetavarTypeHelpFormatter(HelpFormatter):
    """Names the types of arguments in the place of their names."""

    def _get_default_metavar_for_optional(self, action):
        return action.type.__name__

    def _get_default_metavar_for_positional(self, action):
        return action.type.__name__


for _class in (
    HelpFormatter,
    RawDescriptionHelpFormatter,
    RawTextHelpFormatter,
    ArgumentDefaultsHelpFormatter,
    MetavarTypeHelpFormatter,
):
    _class.__module__ = "argparse"
del _class
