-- SPDX-License-Identifier: MIT
assert(("x"):rep(3, "-") == "x-x-x" and ("abc"):reverse() == "cba" and ("aBc"):upper() == "ABC" and #"a\0b" == 3)
assert(("hello"):sub(-3) == "llo" and ("hello"):byte(2) == 101 and string.char(104, 105) == "hi")
assert(("key = value"):match("^(%w+)%s*=%s*(%w+)$") == "key" and ("f(a(b)c)d"):match("%b()") == "(a(b)c)")
assert(("THE (quick) fox"):find("%((%a+)%)") == 5 and ("one;two;;four"):gsub(";;", ";nil;") == "one;two;nil;four")
assert(("hello world"):gsub("o", { o = "0" }) == "hell0 w0rld" and ("abc"):gsub("%w", "%0%0", 2) == "aabbc")
assert(("THE END"):find("%f[%a]%a+%f[%A]", 4) == 5 and ("  trim "):match("^%s*(.-)%s*$") == "trim")
local words = {}
for w in ("from a to b"):gmatch("%a+") do words[#words + 1] = w end
assert(table.concat(words, ",") == "from,a,to,b")
assert(not pcall(string.find, "a", "[a") and not pcall(string.find, "a", "(a"))

assert(string.format("%5d|%-5d|%05d|%+d|%x|%X|%#x|%o|%c|%i", 42, 42, 42, 42, 255, 255, 255, 8, 65, 7) == "   42|42   |00042|+42|ff|FF|0xff|10|A|7")
assert(string.format("%.3f|%10.2e|%g|%g|%g", math.pi, 12345.678, 1e20, 0.1, 100) == "3.142|  1.23e+04|1e+20|0.1|100")
assert(string.format("%s|%10s|%-10s|%.2s", "a", "b", "c", "defg") == "a|         b|c         |de")
assert(string.format("%q", 'a "b"\n\0c\\') == '"a \\"b\\"\\\n\\0c\\\\"' and string.format("%q", 1 / 3) == "0x1.5555555555555p-2")
assert(string.format("%a", 1) == "0x1p+0" and string.format("%.20s", true) == "true" and string.format("%%") == "%")
assert(string.format("%d", math.mininteger) == "-9223372036854775808" and not pcall(string.format, "%d", 1.5))
assert(string.format("%.99f", 1 / 3):sub(1, 20) == "0.333333333333333314" and #string.format("%99.99f", -1e308) >= 409)
assert(tostring(1e15) == "1e+15" and tostring(-0.0) == "-0.0" and tostring(1e100) == "1e+100" and tostring(3.0) == "3.0")
assert(tonumber("0x1.8p1") == 3.0 and tonumber("  12  ") == 12 and tonumber("1e") == nil and tonumber("zz", 36) == 1295)
assert(tonumber("9223372036854775808") == 2 ^ 63 and "10" + 5 == 15 and 10 .. "" == "10")

for _, case in ipairs { { "<i4", -2, "\xfe\xff\xff\xff" }, { ">i4", 258, "\0\0\1\2" }, { "<d", 1.5, "\0\0\0\0\0\0\xf8\x3f" }, { "z", "ab", "ab\0" }, { "s1", "abc", "\3abc" } } do
    local packed = string.pack(case[1], case[2])
    assert(packed == case[3] and string.unpack(case[1], packed) == case[2] and string.packsize("<i4i8") == 12)
end
assert(string.pack("!8 b i8", 1, 2):len() == 16 and not pcall(string.pack, "i1", 200) and not pcall(string.unpack, "i8", "x"))

assert(utf8.char(72, 228, 8364, 128512) == "Hä€😀" and utf8.len("Hä€😀") == 4 and utf8.codepoint("€") == 8364)
assert(utf8.offset("aä€", 3) == 4 and utf8.len("\xff") == nil)
local points = {}
for _, c in utf8.codes("aä€") do points[#points + 1] = c end
assert(points[3] == 8364 and "\u{20AC}" == "€" and #"\z
      joined" == 6)
assert("a" < "b" and "a" < "aa" and not ("Z" > "a") and "" < "\0" and os.setlocale() == "C")
