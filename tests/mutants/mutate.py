# SPDX-License-Identifier: MIT
"""
Makes mutants of a C source: copies with one small fault each. The sources are only split into
tokens and statements, which is enough for their plain C; a mutant that does not compile is not
counted.

Not changed: comments, strings, declarations without code, _Static_assert and log lines.
"""
import re

TOKEN = re.compile(r'''
    (?P<skip>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<cpp>^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<string>"(?:\\.|[^"\\])*")
  | (?P<char>'(?:\\.|[^'\\])+')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<op>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
''', re.X | re.S | re.M)

LOG = re.compile(r'^(pr_\w+|printk|print_raw|panic|assert)$')
KEYWORDS = {'if', 'else', 'while', 'for', 'do', 'switch', 'case', 'default', 'return', 'break',
            'continue', 'goto', 'sizeof', 'offsetof', '__typeof__', 'container_of', 'list_entry',
            'list_first'}
TYPE_WORDS = {'static', 'const', 'volatile', 'struct', 'union', 'enum', 'unsigned', 'signed', 'int',
              'char', 'short', 'long', 'void', 'bool', 'extern', 'typedef'}
OPENS = {'(': ')', '[': ']', '{': '}'}

# replacements of an operator
OPERATORS = {
    '<': ['<='], '<=': ['<'], '>': ['>='], '>=': ['>'], '==': ['!='], '!=': ['=='],
    '&&': ['||'], '||': ['&&'], '+': ['-'], '-': ['+'], '+=': ['-=', '='], '-=': ['+=', '='],
    '|': ['&'], '&': ['|'], '|=': ['&=', '='], '&=': ['|=', '='], '<<': ['>>'], '>>': ['<<'],
    '++': ['--'], '--': ['++'], '*': ['/'], '/': ['*'], '%': ['/'],
}
COMMUTATIVE = {'MIN', 'MAX', 'deadline_later'}  # and, in their first two arguments:
COMMUTATIVE_PAIR = {'heap_zalloc', 'strcmp', 'strncmp', 'memcmp'}
# these access only the object that their argument points to
SELF_CONTAINED = {'list_init', 'wait_queue_init', 'mutex_init', 'timer_init', 'heap_free', 'WRITE_ONCE'}
# their value depends on nothing but what their arguments name
PURE = {'sizeof', 'READ_ONCE', 'strlen', 'MIN', 'MAX', 'ROUND_UP', 'ROUND_DOWN', 'ARRAY_SIZE',
        'clock_now', 'clock_deadline'}
BARRIERS = {'mb', 'rmb', 'wmb', 'compiler_barrier'}


class Token:
    __slots__ = ('kind', 'text', 'start', 'end')

    def __init__(self, kind, text, start):
        self.kind, self.text, self.start, self.end = kind, text, start, start + len(text)


class Mutant:
    """One change: text[start:end] becomes new."""

    def __init__(self, source, function, kind, start, end, new):
        self.path, self.function, self.kind = source.path, function, kind
        self.start, self.end, self.new = start, end, new
        self.line = source.text.count('\n', 0, start) + 1
        begin = source.text.rfind('\n', 0, start) + 1
        stop = source.text.find('\n', start)
        self.code = ' '.join(source.text[begin:stop].split())
        old = ' '.join(source.text[start:end].split())
        self.what = '%s: %s -> %s' % (kind, old, ' '.join(new.split()) or '(nothing)')

    def key(self):
        """Names the change without a line number, for survivors.txt."""
        return '%s:%s | %s | %s' % (self.path, self.function, self.code, self.what)

    def __str__(self):
        return '%s:%d (%s): `%s`: %s' % (self.path, self.line, self.function, self.code, self.what)


class Statement:
    def __init__(self, kind, first, last):
        self.kind, self.first, self.last = kind, first, last  # token indexes, last included


class Source:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.tokens, self.macros = [], []
        self._split()
        self.match = self._brackets()
        self.mutants = []
        self.function = ''

    def apply(self, mutant):
        return self.text[:mutant.start] + mutant.new + self.text[mutant.end:]

    # ---- tokens ----

    def _split(self):
        at = 0
        while at < len(self.text):
            m = TOKEN.match(self.text, at)
            if not m:
                raise ValueError('%s: cannot read %r' % (self.path, self.text[at:at + 20]))
            if m.lastgroup == 'cpp':
                self.macros.append(Token('cpp', m.group(), at))
            elif m.lastgroup != 'skip':
                self.tokens.append(Token(m.lastgroup, m.group(), at))
            at = m.end()

    def _brackets(self):
        match, stack = {}, []
        for i, t in enumerate(self.tokens):
            if t.text in OPENS:
                stack.append(i)
            elif t.text in OPENS.values() and t.kind == 'op':
                j = stack.pop()
                match[i], match[j] = j, i
        return match

    def word(self, i):
        return self.tokens[i].text if i < len(self.tokens) else ''

    def code(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]

    def add(self, kind, first, last, new):
        self.mutants.append(Mutant(self, self.function, kind, self.tokens[first].start,
                                   self.tokens[last].end, new))

    # ---- functions and statements ----

    def generate(self):
        i = 0
        while i < len(self.tokens):
            t = self.tokens[i].text
            if t == '{':
                if i and self.word(i - 1) == ')':
                    self.function = self.word(self.match[i - 1] - 1)
                    self._block(i + 1, self.match[i])
                i = self.match[i]
            i += 1
        self._defines()
        return self.mutants

    def _defines(self):
        for m in self.macros:
            found = re.match(r'\s*#define\s+(\w+)\s+(.*)', m.text, re.S)
            if not found or '/*' in found.group(2) and found.group(2).startswith('/*'):
                continue
            self.function = found.group(1)
            body = re.sub(r'/\*.*', '', found.group(2), flags=re.S)
            for n in re.finditer(r'(?<![\w"])(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)(?!\w)', body):
                at = m.start + found.start(2) + n.start()
                for value in self._near(n.group(1)):
                    self.mutants.append(Mutant(self, self.function, 'constant', at,
                                               at + len(n.group()), value + n.group(2)))

    def _block(self, i, end):
        """The statements of tokens[i:end]."""
        before = None
        while i < end:
            s = self._statement(i)
            if before and s:
                self._swap(before, s)
            before = s
            i = s.last + 1

    def _statement(self, i):
        w = self.word(i)
        first = i
        if w == '{':
            self._block(i + 1, self.match[i])
            return Statement('block', first, self.match[i])
        if w == 'if':
            close = self.match[i + 1]
            body = self._statement(close + 1)
            last = body.last
            quiet = body.kind == 'log'
            if self.word(last + 1) == 'else':
                last = self._statement(last + 2).last
                quiet = False
            if not quiet:
                self._condition(i + 1, close, True)
            return Statement('if', first, last)
        if w == 'do':
            body = self._statement(i + 1)
            while_ = body.last + 1
            self._condition(while_ + 1, self.match[while_ + 1], False)
            return Statement('loop', first, self.match[while_ + 1] + 1)
        if w in ('while', 'for', 'switch') or self._is_loop_macro(i):
            close = self.match[i + 1]
            if w == 'while':
                self._condition(i + 1, close, False)
            else:
                self._expression(i + 2, close - 1)
            return Statement('loop', first, self._statement(close + 1).last)
        if w in ('case', 'default') or (self.tokens[i].kind == 'name' and self.word(i + 1) == ':'):
            while self.word(i) != ':':
                i += 1
            return Statement('label', first, i)
        while self.word(i) != ';':
            i = self.match.get(i, i) + 1
        return self._simple(first, i)

    def _is_loop_macro(self, i):
        if self.tokens[i].kind != 'name' or self.word(i + 1) != '(' or self.word(i) in KEYWORDS:
            return False
        after = self.tokens[self.match[i + 1] + 1]
        return after.text == '{' or after.kind == 'name'

    def _simple(self, first, last):
        w = self.word(first)
        if LOG.match(w):
            return Statement('log', first, last)
        if w == ';':
            return Statement('empty', first, last)
        if w == 'return':
            self._return(first, last)
            return Statement('return', first, last)
        if w in ('break', 'continue', 'goto'):
            self.add('remove', first, last, ';')
            return Statement('jump', first, last)
        if self._is_declaration(first):
            self._expression(first, last - 1)
            return Statement('declaration', first, last)
        if w == '(' and self.word(first + 1) == 'void':
            return Statement('empty', first, last)
        self.add('barrier' if w in BARRIERS else 'remove', first, last, ';')
        self._expression(first, last - 1)
        return Statement('expression', first, last)

    def _is_declaration(self, i):
        if self.word(i) in TYPE_WORDS:
            return True
        if self.tokens[i].kind != 'name':
            return False
        following = self.tokens[i + 1]
        if following.kind == 'name':
            return True
        return following.text == '*' and self.tokens[i + 2].kind == 'name' and \
            self.word(i + 3) in ('=', ';', ',', '[')

    # ---- changes ----

    def _condition(self, opened, closed, always):
        inner = self.code(opened + 1, closed - 1)
        self.add('never', opened + 1, closed - 1, '0')
        if always:
            self.add('always', opened + 1, closed - 1, '1')
        if self._has_own_negation(opened + 1, closed - 1):
            self.add('negate', opened + 1, closed - 1, '!(%s)' % inner)
        self._expression(opened + 1, closed - 1)

    def _has_own_negation(self, first, last):
        """False when another mutant of the condition is the same: `!` removed, == for !=."""
        words = [self.word(i) for i in range(first, last + 1)]
        if '&&' in words or '||' in words:
            return True
        return words[0] != '!' and words.count('==') + words.count('!=') != 1

    def _return(self, first, last):
        if last == first + 1:
            self.add('remove', first, last, ';')
            return
        value = self.code(first + 1, last - 1)
        swaps = {'0': ['-EIO', '1'], 'true': ['false'], 'false': ['true'], 'NULL': []}
        for new in swaps.get(value, ['0'] if re.match(r'^-E\w+$|^ret$', value) else []):
            self.add('return', first + 1, last - 1, new)
        if re.match(r'^-E\w+$', value):
            self.add('return', first + 1, last - 1, '-EIO' if value != '-EIO' else '-EINVAL')
        elif value not in swaps:
            self._expression(first + 1, last - 1)

    @staticmethod
    def _near(digits):
        n = int(digits, 0) if not re.match(r'^0\d', digits) else int(digits, 8)
        return [str(n + 1)] + ([str(n - 1)] if n else [])

    def _expression(self, first, last):
        for i in range(first, last + 1):
            t = self.tokens[i]
            if t.kind == 'number':
                suffix = re.search(r'[uUlL]*$', t.text).group()
                for value in self._near(t.text[:len(t.text) - len(suffix)]):
                    self.add('constant', i, i, value + suffix)
            elif t.kind == 'name' and t.text in ('true', 'false'):
                self.add('constant', i, i, 'false' if t.text == 'true' else 'true')
            elif t.kind == 'name' and self.word(i + 1) == '(' and t.text not in KEYWORDS:
                if i < last and t.text not in COMMUTATIVE and not LOG.match(t.text):
                    self._arguments(i + 1, t.text in COMMUTATIVE_PAIR)
            elif t.text == '?':
                self._choice(i, last)
            elif t.text in OPERATORS and self._is_binary(i, first):
                for new in OPERATORS[t.text]:
                    self.add('operator', i, i, new)
            elif t.text == '!' and self.word(i + 1) != '!' and self.word(i - 1) != '!':
                self.add('operator', i, i, '')

    def _is_binary(self, i, first):
        t, before = self.tokens[i].text, self.tokens[i - 1]
        if t in ('++', '--'):
            return True
        if t not in ('+', '-', '*', '&'):
            return True
        if i == first or before.kind not in ('name', 'number') and before.text not in (')', ']'):
            return False
        # a declaration's star, and the operand of a cast
        return before.text not in ('return', 'case') and not re.match(
            r'^(u?int\d*_t|size_t|char|void|struct|\w+_t)$', before.text)

    def _arguments(self, opened, first_pair_commutes):
        ends, start, args, i = self.match[opened], opened + 1, [], opened + 1
        while i < ends:
            if self.word(i) == ',':
                args.append((start, i - 1))
                start = i + 1
            i = self.match.get(i, i) + 1 if self.word(i) in OPENS else i + 1
        args.append((start, ends - 1))
        for a, b in list(zip(args, args[1:]))[first_pair_commutes:]:
            one, two = self.code(*a), self.code(*b)
            if a[0] <= a[1] and one != two:
                self.add('arguments', a[0], b[1], two + ', ' + one)

    def _choice(self, i, last):
        depth, colon, j = 0, None, i + 1
        while j <= last and not (self.word(j) in (')', ']', '}', ',', ';')):
            if self.word(j) == '?':
                depth += 1
            elif self.word(j) == ':':
                if depth == 0:
                    colon = j
                depth -= 1
            j = self.match[j] + 1 if self.word(j) in OPENS else j + 1
        if colon:
            self.add('choice', i + 1, j - 1,
                     '%s : %s' % (self.code(colon + 1, j - 1), self.code(i + 1, colon - 1)))

    def _swap(self, a, b):
        if b.kind != 'expression' or a.kind not in ('expression', 'if'):
            return
        if a.kind == 'expression' and self._independent(a, b):
            return
        one, two = self.code(a.first, a.last), self.code(b.first, b.last)
        if one != two:
            self.add('swap', a.first, b.last, two + ' ' + one)

    def _independent(self, a, b):
        """Plain assignments, or calls that only touch their first argument, that share no name: their
        order cannot matter."""
        written, used = [], []
        for s in (a, b):
            names, lvalue, first = set(), None, s.first
            if self.word(first) in SELF_CONTAINED:
                first += 2
                if self.word(first) == '&':
                    first += 1
                last = first
                while self.word(last) not in (',', ')'):
                    last = self.match.get(last, last) + 1
                if last + 1 < s.last and self.word(s.first) != 'WRITE_ONCE' and \
                        self.word(s.first) != 'timer_init':
                    return False
                lvalue = self.word(last - 1)
            for i in range(first, s.last):
                t = self.tokens[i]
                if t.kind == 'name':
                    if self.word(i + 1) == '(' and t.text not in PURE:
                        return False
                    names.add(t.text)
                elif lvalue is None and (t.text.endswith('=') and t.text not in ('==', '<=') or
                                         t.text in ('++', '--')):
                    lvalue = next((self.word(j) for j in range(i - 1, first - 1, -1)
                                   if self.tokens[j].kind == 'name'), None)
            if lvalue is None or self.word(first) in ('*', '('):
                return False
            written.append(lvalue)
            used.append(names)
        return written[0] not in used[1] and written[1] not in used[0]
