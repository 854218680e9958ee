-- SPDX-License-Identifier: MIT
-- numbers
assert(7 // 2 == 3 and -7 // 2 == -4 and -7 % 3 == 2 and 7.5 // 2 == 3.0)
assert(math.maxinteger + 1 == math.mininteger and 1 << 63 == math.mininteger and 1 << 64 == 0)
assert(2 ^ 53 == 9007199254740992.0 and 10 / 2 == 5.0 and math.type(10 / 2) == "float")
assert(1e308 * 10 == math.huge and -1e308 * 10 == -math.huge and (0 / 0) ~= (0 / 0))
assert(0x10p2 == 64.0 and 0xff == 255 and 1e2 == 100.0 and .5 == 0.5)
assert(not pcall(function() return 1 // 0 end) and 1 // 0.0 == math.huge)
assert(math.tointeger(3.0) == 3 and math.tointeger(3.5) == nil and math.ult(1, -1))
for _, x in ipairs { 0.1, 1 / 3, 1e100, 123456789.125, 5e-324, 1.7976931348623157e308 } do
    assert(tonumber(string.format("%.17g", x)) == x and tonumber(string.format("%a", x)) == x)
end
assert(math.abs(math.sin(1) - 0.8414709848078965) < 1e-15 and math.abs(math.exp(1) - 2.718281828459045) < 1e-15)
assert(math.abs(math.log(10) - 2.302585092994046) < 1e-15 and math.log(8, 2) == 3.0 and math.sqrt(2) ^ 2 - 2 < 1e-15)
assert(math.floor(-3.5) == -4 and math.ceil(-3.5) == -3 and math.fmod(-7, 3) == -1 and select(2, math.modf(3.25)) == 0.25)
math.randomseed(42)
local a = math.random(1000000)
math.randomseed(42)
assert(a == math.random(1000000) and math.random() < 1)

-- control, closures, goto, attributes
local sum = 0
for i = 10, 1, -3 do sum = sum + i end
assert(sum == 22)
local functions = {}
for i = 1, 3 do functions[i] = function() i = i + 1 return i end end
assert(functions[1]() == 2 and functions[1]() == 3 and functions[2]() == 3)
do
    local i = 1
    ::again::
    i = i * 2
    if i < 100 then goto again end
    assert(i == 128)
end
local closed = {}
do
    local one <close> = setmetatable({}, { __close = function() closed[#closed + 1] = 1 end })
    local two <close> = setmetatable({}, { __close = function() closed[#closed + 1] = 2 end })
    local three <const> = 3
    assert(three == 3)
end
assert(closed[1] == 2 and closed[2] == 1)
local function count(...) return select("#", ...), (select(-1, ...)) end
assert(count(1, nil, 3) == 3 and select(2, count(1, 2, 9)) == 9 and table.pack(count(nil, 5)).n == 2)

-- metatables
local vector = {}
vector.__index = vector
vector.__add = function(x, y) return setmetatable({ x[1] + y[1] }, vector) end
vector.__eq = function(x, y) return x[1] == y[1] end
vector.__lt = function(x, y) return x[1] < y[1] end
vector.__le = function(x, y) return x[1] <= y[1] end
vector.__call = function(self, y) return self[1] * y end
vector.__concat = function() return "joined" end
vector.__len = function() return 42 end
vector.__tostring = function(x) return "vector " .. x[1] end
local v, w = setmetatable({ 1 }, vector), setmetatable({ 2 }, vector)
assert((v + w)[1] == 3 and v ~= w and v < w and v <= w and w(4) == 8 and v .. w == "joined" and #v == 42)
assert(tostring(v) == "vector 1" and rawlen(v) == 1 and rawequal(v, v))
local log = {}
local proxy = setmetatable({}, { __index = function(_, k) return k .. "!" end, __newindex = function(_, k, x) log[k] = x end })
proxy.a = 5
assert(proxy.b == "b!" and log.a == 5 and rawget(proxy, "a") == nil)

-- errors, among them deep recursion in Lua, in C and in the parser
local ok, e = pcall(error, { code = 7 })
assert(not ok and e.code == 7)
assert(select(2, pcall(function() local x = nil; return x.y end)):find("attempt to index a nil value %(local 'x'%)"))
local function deep(n) return 1 + deep(n + 1) end
assert(select(2, pcall(deep, 1)):find("stack overflow"))
local function through_c(n) return (string.gsub("x", "x", function() return through_c(n + 1) end)) end
assert(select(2, pcall(through_c, 1)):find("C stack overflow"))
assert(select(2, load("return " .. string.rep("(", 300) .. "1" .. string.rep(")", 300))):find("C stack overflow"))
assert(select(2, pcall(string.rep, "x", 1 << 62)):find("resulting string too large"))
assert(xpcall(error, function(m) return m .. debug.traceback() end, "x") == false)

-- code
assert(load("return ...", "=(load)", "t", {})(5) == 5 and not load("return return") and not load("\27Lua", "b", "t"))
local dumped = string.dump(function(x) return x * 2 end)
assert(load(dumped, "d", "b")(21) == 42 and not load(dumped:sub(1, 20), "d", "b"))
package.preload.mine = function(name) return { name = name } end
assert(require("mine").name == "mine" and not pcall(require, "nowhere"))
assert(debug.getinfo(1, "l").currentline > 50 and debug.getinfo(print).what == "C")
local lines = 0
debug.sethook(function() lines = lines + 1 end, "l")
local _ = 1
local _ = 2
debug.sethook()
assert(lines >= 3)
