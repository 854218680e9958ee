-- SPDX-License-Identifier: MIT
local t = {}
for i = 1, 2000 do t[i] = (i * 7919) % 2003 end
table.sort(t)
for i = 2, #t do assert(t[i - 1] <= t[i]) end
table.sort(t, function(a, b) return a > b end)
for i = 2, #t do assert(t[i - 1] >= t[i]) end
assert(not pcall(table.sort, { 3, 1, "x" }) and #t == 2000)
table.insert(t, 1, "first")
assert(t[1] == "first" and table.remove(t, 1) == "first" and table.remove({}) == nil and #t == 2000)
assert(table.concat({ 1, 2, 3 }, ", ") == "1, 2, 3" and table.concat({}) == "" and not pcall(table.concat, { {} }))
assert(select("#", table.unpack({ 1, nil, 3 }, 1, 3)) == 3 and table.move({ 1, 2, 3 }, 2, 3, 1)[1] == 2)
local sparse = {}
for i = 1, 1000 do sparse[i * 1000] = i; sparse["k" .. i] = i end
local n = 0
for k, v in pairs(sparse) do n = n + v; sparse[k] = nil end
assert(n == 1001000 and next(sparse) == nil)
local keyed = { [1.0] = "one", [2 ^ 53] = "large" }
assert(keyed[1] == "one" and keyed[1 << 53] == "large" and not pcall(function() keyed[0 / 0] = 1 end))

-- the eight queens, and primes
local solutions = 0
local function place(row, columns)
    if row > 8 then solutions = solutions + 1 return end
    for c = 1, 8 do
        local free = true
        for r = 1, row - 1 do
            if columns[r] == c or math.abs(columns[r] - c) == row - r then free = false break end
        end
        if free then columns[row] = c place(row + 1, columns) columns[row] = nil end
    end
end
place(1, {})
assert(solutions == 92)
local composite, primes = {}, 0
for i = 2, 10000 do
    if not composite[i] then
        primes = primes + 1
        for j = i * i, 10000, i do composite[j] = true end
    end
end
assert(primes == 1229)
