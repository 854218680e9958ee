# SPDX-License-Identifier: MIT
"""The list of mutants that no test can or need notice, each with its reason."""
import fnmatch


class Survivors:
    """
    survivors.txt: a paragraph of one or more patterns, then a line `= reason`. A pattern is

        drivers/block/queue.c:queue_push | wmb(); /* the entries before the index */ | barrier: *

    file:function, the line of source, what is changed; `*` stands for anything.
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
                    self.entries += [(p, line[2:]) for p in patterns]
                    patterns = []
                elif line.count(' | ') < 2:
                    raise ValueError('%s:%d: not `file:function | line | change`' % (path, number))
                else:
                    # brackets are brackets here
                    patterns.append(line.replace('[', '[[]'))
        if patterns:
            raise ValueError('%s: patterns without a reason at its end' % path)

    def reason(self, mutant):
        key = mutant.key()
        for pattern, reason in self.entries:
            if fnmatch.fnmatchcase(key, pattern):
                return reason
        return None
