# SPDX-License-Identifier: MIT
"""The list of mutants that no test can or need detect, each with its reason."""
import fnmatch
import re


class Survivors:
    """
    survivors.txt: paragraphs of one or more patterns and a line `= reason`. A pattern is

        drivers/block/path/ring.c:ring_push | wmb(); /* the entries before the index */ | barrier: *

    file:function, the line of source, the change; `*` matches any text.
    """

    def __init__(self, path):
        self.entries = []
        patterns = []
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                line = line.strip()
                if not line or line.startswith('#'):
                    continue
                if line.startswith('= '):
                    if not patterns:
                        raise ValueError('%s:%d: a reason without a pattern' % (path, number))
                    self.entries += [(p, self._compile(p), line[2:]) for p in patterns]
                    patterns = []
                elif line.count(' | ') < 2:
                    raise ValueError('%s:%d: not `file:function | line | change`' % (path, number))
                else:
                    patterns.append(line)
        if patterns:
            raise ValueError('%s: patterns without a reason at its end' % path)

    @staticmethod
    def _compile(pattern):
        return re.compile(fnmatch.translate(pattern.replace('[', '[[]')))  # brackets are literal

    def reason(self, mutant):
        key = mutant.key()
        return next((reason for _, regex, reason in self.entries if regex.match(key)), None)

    def unused(self, mutants):
        """The patterns that match none of the mutants: what they were about is no longer there."""
        keys = [m.key() for m in mutants]
        return [p for p, regex, _ in self.entries if not any(regex.match(k) for k in keys)]
