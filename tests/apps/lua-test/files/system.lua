-- SPDX-License-Identifier: MIT
assert(os.time({ year = 2001, month = 9, day = 9, hour = 1, min = 46, sec = 40 }) == 1000000000 - (os.time(os.date("!*t", 0)) - 0))
assert(os.date("!%Y-%m-%d %H:%M:%S", 1000000000) == "2001-09-09 01:46:40" and os.date("!%A %j %p", 0) == "Thursday 001 AM")
assert(os.date("!*t", 951782400).day == 29 and os.date("*t").isdst ~= nil and os.time() > 1700000000)
assert(os.time({ year = 2023, month = 14, day = -3, hour = 12 }) == os.time({ year = 2024, month = 1, day = 28, hour = 12 }))
assert(not pcall(os.date, "%Ez", 0) and os.difftime(5, 3) == 2.0)
local begin, clock = os.time(), os.clock()
local n = 0
repeat n = n + 1 until os.clock() - clock > 0.02
assert(os.time() - begin <= 5 and n > 1)
assert(os.getenv("HOME") == nil or arg[1])
assert(os.getenv("NOWHERE") == nil and (os.execute() == false or arg[1]))
if not arg[1] then
    assert(not pcall(io.popen, "ls") and arg[0] == "/rom/all.lua")
    assert(package.path:find("/usr/local/share/lua/5.4/?.lua", 1, true) and not package.loadlib("x.so", "y"))
end
