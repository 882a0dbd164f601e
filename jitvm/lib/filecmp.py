"""Comparing files and directories."""

import os

__all__ = ["clear_cache", "cmp", "dircmp", "cmpfiles", "DEFAULT_IGNORES"]

DEFAULT_IGNORES = ["RCS", "CVS", "tags", ".git", ".hg", ".bzr", "_darcs", "__pycache__"]
BUFSIZE = 8 * 1024


def clear_cache():
    pass


def _about(path):
    import stat
    found = os.stat(path)
    return stat.S_IFMT(found.st_mode), found.st_size, found.st_mtime


def cmp(f1, f2, shallow=True):
    """Whether two files are equal; if `shallow`, those of one size and time are."""
    first, second = _about(f1), _about(f2)
    if first[0] != 0o100000 or second[0] != 0o100000:
        return False
    if shallow and first == second:
        return True
    if first[1] != second[1]:
        return False
    with open(f1, "rb") as one, open(f2, "rb") as other:
        while True:
            left, right = one.read(BUFSIZE), other.read(BUFSIZE)
            if left != right:
                return False
            if not left:
                return True


def cmpfiles(a, b, common, shallow=True):
    """(equal, different, could not be compared) of the files named in two directories."""
    result = [], [], []
    for name in common:
        try:
            which = 0 if cmp(os.path.join(a, name), os.path.join(b, name), shallow) else 1
        except OSError:
            which = 2
        result[which].append(name)
    return result


class dircmp:
    """What two directories have in common."""

    def __init__(self, a, b, ignore=None, hide=None):
        self.left, self.right = a, b
        self.hide = [os.curdir, os.pardir] if hide is None else hide
        self.ignore = DEFAULT_IGNORES if ignore is None else ignore

    def __getattr__(self, name):
        if name not in ("left_list", "right_list", "common", "left_only", "right_only", "common_dirs", "common_files",
                        "common_funny", "same_files", "diff_files", "funny_files", "subdirs"):
            raise AttributeError(name)
        skip = {*self.hide, *self.ignore}
        self.left_list = sorted(n for n in os.listdir(self.left) if n not in skip)
        self.right_list = sorted(n for n in os.listdir(self.right) if n not in skip)
        left, right = set(self.left_list), set(self.right_list)
        self.common = [n for n in self.left_list if n in right]
        self.left_only = [n for n in self.left_list if n not in right]
        self.right_only = [n for n in self.right_list if n not in left]
        self.common_dirs, self.common_files, self.common_funny = [], [], []
        for n in self.common:
            one, other = os.path.join(self.left, n), os.path.join(self.right, n)
            if os.path.isdir(one) and os.path.isdir(other):
                self.common_dirs.append(n)
            elif os.path.isfile(one) and os.path.isfile(other):
                self.common_files.append(n)
            else:
                self.common_funny.append(n)
        self.same_files, self.diff_files, self.funny_files = cmpfiles(self.left, self.right, self.common_files)
        self.subdirs = {n: type(self)(os.path.join(self.left, n), os.path.join(self.right, n), self.ignore, self.hide)
                        for n in self.common_dirs}
        return self.__dict__[name]

    def report(self):
        print("diff", self.left, self.right)
        for title, names in (("Only in %s" % self.left, self.left_only), ("Only in %s" % self.right, self.right_only)):
            if names:
                print(title, ":", sorted(names))
        for title, names in (("Identical files", self.same_files), ("Differing files", self.diff_files),
                             ("Trouble with common files", self.funny_files),
                             ("Common subdirectories", self.common_dirs), ("Common funny cases", self.common_funny)):
            if names:
                print(title, ":", sorted(names))

    def report_partial_closure(self):
        self.report()
        for below in self.subdirs.values():
            print()
            below.report()

    def report_full_closure(self):
        self.report()
        for below in self.subdirs.values():
            print()
            below.report_full_closure()
