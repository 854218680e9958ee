-- SPDX-License-Identifier: MIT
-- Each file checks by assert(); this runs them and prints a line for each.
local failed = 0
for i, name in ipairs { "language", "strings", "tables", "coroutines", "memory", "files", "system" } do
    local ok, why = xpcall(dofile, debug.traceback, (arg[1] or "/rom") .. "/" .. name .. ".lua")
    print((ok and "ok " or "not ok ") .. i .. " - lua: " .. name)
    if not ok then
        failed = failed + 1
        print((tostring(why):gsub("[^\n]+", "# %0")))
    end
end
print("1..7")
os.exit(failed == 0, true)
