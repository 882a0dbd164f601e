-- Writes what LuaJIT's compiler does, with times, as JSON lines that `jitlog import luajit` reads.
--
--   LJ_EVENTS=run.ljevents luajit -e 'dofile("jitlog-events.lua")' prog.lua
--
-- Lines: start, bc (one per recorded bytecode), stop, abort, exit, flush. The first 100 exits of a kind are written,
-- then one in 100 with how many it stands for in "n".
local ffi, util, vmdef = require("ffi"), require("jit.util"), require("jit.vmdef")
ffi.cdef[[
typedef struct { long sec, nsec; } jitlog_time;
int clock_gettime(int, jitlog_time *);
]]
local time = ffi.new("jitlog_time")
local function now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.sec) * 1e9 + tonumber(time.nsec)
end
local out = assert(io.open(os.getenv("LJ_EVENTS") or "run.ljevents", "w"))
out:setvbuf("full", 65536)
local zero, exits = now(), {}
local function place(func, pc)
  local info = util.funcinfo(func, pc)
  if info.loc then return info.loc, info.linedefined or 0 end
  if info.ffid then return "[" .. (vmdef.ffnames[info.ffid] or info.ffid) .. "]", 0 end
  return "[C]", 0
end
local function quoted(text)
  return '"' .. tostring(text):gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end
local function write(ev, tr, rest) out:write(string.format('{"ns":%.0f,"ev":"%s","tr":%d%s}\n', now() - zero, ev, tr, rest)) end
local function on_trace(what, tr, func, pc, a, b)
  if what == "flush" then return write("flush", 0, "") end
  if what == "start" then
    local loc, first = place(func, pc)
    local parent = a and string.format(',"parent":%s,"exit":%s', a, b and b >= 0 and b or '"stitch"') or ""
    write("start", tr, string.format(',"loc":%s,"first":%d%s', quoted(loc), first, parent))
  elseif what == "stop" then
    local info = util.traceinfo(tr)
    local _, addr = util.tracemc(tr)
    local mcode = util.tracemc(tr)
    write("stop", tr, string.format(',"link":%d,"linktype":"%s","nins":%d,"nk":%d,"nexit":%d,"mcode":%d,"addr":%.0f',
      info.link or 0, info.linktype, info.nins, info.nk, info.nexit, mcode and #mcode or 0, addr or 0))
  elseif what == "abort" then
    local err = vmdef.traceerr[a]
    if err == nil then err = tostring(a)
    elseif type(b) == "function" then err = string.format(err, (place(b)))
    elseif err:find("bytecode %d", 1, true) then err = err:gsub("%%d", vmdef.bcnames:sub(b * 6 + 1, b * 6 + 6):gsub(" ", ""))
    elseif b ~= nil then err = string.format(err, b) end
    write("abort", tr, string.format(',"loc":%s,"err":%s', quoted((place(func, pc))), quoted(err)))
  end
end
local function on_record(tr, func, pc, depth)
  local loc, first = place(func, pc)
  local op = "FUNC"
  if pc >= 0 then
    local ins = util.funcbc(func, pc)
    if ins then op = vmdef.bcnames:sub(bit.band(ins, 0xff) * 6 + 1, bit.band(ins, 0xff) * 6 + 6):gsub(" ", "") end
  end
  write("bc", tr, string.format(',"loc":%s,"first":%d,"pc":%d,"op":"%s","depth":%d', quoted(loc), first, pc, op, depth or 0))
end
local function on_exit(tr, ex)
  local key = tr * 65536 + ex
  local n = (exits[key] or 0) + 1
  exits[key] = n
  if n <= 100 then write("exit", tr, string.format(',"exit":%d', ex))
  elseif n % 100 == 0 then write("exit", tr, string.format(',"exit":%d,"n":100', ex)) end
end
jit.off(on_trace) jit.off(on_record) jit.off(on_exit) jit.off(write) jit.off(place) jit.off(quoted) jit.off(now)
jit.attach(on_trace, "trace")
jit.attach(on_record, "record")
jit.attach(on_exit, "texit")
