-- SPDX-License-Identifier: MIT
local name = os.tmpname()
local f = assert(io.open(name, "w"))
assert(io.type(f) == "file" and f:setvbuf("full", 512) and f:write("first\n", 2, " ", 3.5, "\nthird\n\nlast") == f and f:close())
assert(io.type(f) == "closed file" and not pcall(f.write, f, "x"))
f = assert(io.open(name))
assert(f:read("l") == "first" and f:read("n") == 2 and f:read("n") == 3.5 and f:read("L") == "\n" and f:read(5) == "third")
assert(f:seek() == 17 and f:seek("set", 0) == 0 and f:read("a"):len() == f:seek("end") and f:read("a") == "" and f:read("l") == nil)
assert(f:seek("cur", -4) and f:read(4) == "last" and not f:write("x") and f:close())
local lines = {}
for line in io.lines(name) do lines[#lines + 1] = line end
assert(#lines == 5 and lines[4] == "" and lines[5] == "last")
f = assert(io.open(name, "a+"))
f:write("+more")
f:seek("set", 0)
assert(f:read("a"):sub(-9) == "last+more" and f:close())
f = assert(io.open(name, "r+b"))
local binary = {}
for i = 0, 255 do binary[#binary + 1] = string.char(i) end
binary = table.concat(binary):rep(300)
assert(f:write(binary) and f:seek("set", 0) and f:read(#binary) == binary and f:close())
local temporary = assert(io.tmpfile())
temporary:write("gone")
temporary:close()
assert(os.rename(name, name .. ".new") and not io.open(name) and os.remove(name .. ".new"))
local ok, why, code = os.remove(name)
assert(not ok and why == name .. ": No such file or directory" and code == 2)
ok, why, code = io.open("/rom/all.lua", "w")
assert(arg[1] or not ok and why:find("Read%-only file system") and code == 30)
-- standard output is a file as others are, and can be replaced
local out = io.output()
io.output(name)
io.write("redirected")
io.close()
io.output(out)
assert(io.input(name) and io.read("a") == "redirected" and io.close(io.input()) and os.remove(name))
io.input(io.stdin)
local many = {}
for i = 1, 50 do many[i] = assert(io.open(name .. i, "w")) many[i]:write(i) end
for i = 1, 50 do many[i]:close() assert(io.open(name .. i):read("n") == i and os.remove(name .. i)) end
