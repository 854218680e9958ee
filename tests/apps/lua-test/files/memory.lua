-- SPDX-License-Identifier: MIT
local finalized = 0
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 100 do weak[i] = setmetatable({}, { __gc = function() finalized = finalized + 1 end }) end
collectgarbage()
collectgarbage()
assert(finalized == 100 and next(weak) == nil)
local keys = setmetatable({}, { __mode = "k" })
keys[{}] = function() return keys end
collectgarbage()
assert(next(keys) == nil)
for _, mode in ipairs { "generational", "incremental" } do
    collectgarbage(mode)
    local before = collectgarbage("count")
    for i = 1, 20000 do local _ = { i, tostring(i), { i } } end
    collectgarbage()
    assert(collectgarbage("count") < before + 200)
end
-- more than there is: an error that can be caught, and the memory is there again
local size = 1 << 20
local ok, why
while true do
    ok, why = pcall(string.rep, "x", size)
    if not ok then break end
    size = size * 2
    assert(size < 1 << 40)
end
assert(why == "not enough memory" and not pcall(function() local t = {} for i = 1, 1 << 30 do t[i] = ("y"):rep(1 << 16) .. i end end))
collectgarbage()
assert(#string.rep("x", 1 << 20) == 1 << 20)
