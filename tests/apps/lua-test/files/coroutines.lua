-- SPDX-License-Identifier: MIT
local generator = coroutine.wrap(function(a)
    for i = 1, 3 do a = a + coroutine.yield(a * i) end
    return "end", a
end)
assert(generator(1) == 1 and generator(10) == 22 and generator(100) == 333)
local last, a = generator(0)
assert(last == "end" and a == 111 and not pcall(generator))
local co = coroutine.create(function() error("within") end)
local ok, e = coroutine.resume(co)
assert(not ok and e:find("within") and coroutine.status(co) == "dead" and coroutine.close(co) == false)
-- yields across pcall, metamethods, iterators and sort's comparison (which cannot)
co = coroutine.wrap(function()
    local result = select(2, pcall(function() coroutine.yield(1) error("after") end))
    assert(result:find("after"))
    local t = setmetatable({}, { __index = function(_, k) return coroutine.yield(k) end })
    assert(t.key == "value")
    for x in function() return coroutine.yield("next") end do assert(x == 5) break end
    assert(not pcall(table.sort, { 1, 2, 3 }, function() coroutine.yield() end))
    return "done"
end)
assert(co() == 1 and co() == "key" and co("value") == "next" and co(5) == "done")
local closed
co = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() closed = true end })
    coroutine.yield()
end)
coroutine.resume(co)
assert(coroutine.close(co) and closed and coroutine.isyieldable() == false and select(2, coroutine.running()))
-- a thousand at once, in turn
local many, total = {}, 0
for i = 1, 1000 do
    many[i] = coroutine.wrap(function() for j = 1, 5 do local x = coroutine.yield(j) total = total + x end return true end)
    many[i]()
end
for round = 1, 5 do
    for i = 1, 1000 do assert(many[i](i)) end
end
assert(total == 5 * 500500)
