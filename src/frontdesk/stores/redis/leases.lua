-- Takes and gives back tokens of several limits in one step. The time is that of this server, so that
-- the clocks of its clients do not matter.
--
-- KEYS: one for each limit. ARGV: for each of them five:
--   "rate",  nanoseconds between two requests, nanoseconds of the whole burst, tokens wanted, tokens back
--   "quota", the limit, seconds since 1970 when it ends,                       tokens wanted, tokens back
-- Returns for each limit four numbers: tokens granted, tokens left, nanoseconds until all are back,
-- nanoseconds until there is one (0: there is; -1, of both: a quota does not know).

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]  -- microseconds: what a double can count

local DAY = 86400

-- A bucket is what it owes, in nanoseconds that must pass until it is full again, and when that was so.
-- A clock that goes back neither gives nor takes anything.
local function rate(key, interval, span, want, back)
  local owed = 0
  local then_owed, at = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  if at then
    owed = math.max(0, then_owed - math.max(0, now - at) * 1000 - back * interval)
  end
  local granted = math.min(want, math.max(0, math.floor((span - owed) / interval)))
  owed = owed + granted * interval
  if owed > 0 then
    local value = string.format('%.0f %.0f', owed, now)
    redis.call('SET', key, value, 'PX', string.format('%.0f', math.ceil(owed / 1000000) + 1000))
  else
    redis.call('DEL', key)
  end
  local left = math.max(0, math.floor((span - owed) / interval))
  return granted, left, owed, left > 0 and 0 or owed + interval - span
end

-- A quota is the count of what has been taken. The less is left, the fewer are given to one at a time.
local function quota(key, limit, ends, want, back)
  local count = math.max(0, (tonumber(redis.call('GET', key) or 0)) - back)
  local left = math.max(0, limit - count)
  local granted = math.min(want, left, math.max(1, math.floor(left / 4)))
  if granted > 0 or back > 0 then
    redis.call('SET', key, string.format('%.0f', count + granted))
    redis.call('EXPIREAT', key, string.format('%.0f', math.ceil(ends) + DAY))
  end
  left = left - granted
  return granted, left, -1, left > 0 and 0 or -1
end

local limits = {rate = rate, quota = quota}
local told = {}
for index, key in ipairs(KEYS) do
  local first = (index - 1) * 5
  local numbers = {}
  for each = 2, 5 do
    numbers[each] = tonumber(ARGV[first + each])
  end
  local granted, left, reset, wait =
    limits[ARGV[first + 1]](key, numbers[2], numbers[3], numbers[4], numbers[5])
  for _, number in ipairs({granted, left, reset, wait}) do
    told[#told + 1] = number
  end
end
return told
