/** Silent peers that one script removes of each of a swarm's six sets, so that none takes long. */
const EXPIRED_PER_SCRIPT = 64;

/**
 * A swarm is six sorted sets of compact entries with the time of the last announce as score (IPv4 and IPv6; downloaders,
 * partial seeds, seeds), a hash of ids (`i`: entry → id and a mark for a counted download), a hash of how many peers each
 * address has (`a`), and the count of downloads (`c`). All of a swarm's keys hold its info-hash in braces, so that a cluster
 * keeps them on one node, and all end by themselves after a lifetime without announces. The clock is Redis's own.
 */
export const KEY_SUFFIXES: readonly string[] = ["4d", "4p", "4s", "6d", "6p", "6s", "i", "a", "c"];

const COMMON = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lifetime = tonumber(ARGV[1])
local function host(entry) return string.sub(entry, 1, #entry == 6 and 4 or 8) end
local function forget(entry)
  redis.call('HDEL', KEYS[7], entry)
  if redis.call('HINCRBY', KEYS[8], host(entry), -1) <= 0 then redis.call('HDEL', KEYS[8], host(entry)) end
end
local size = {}
for i = 1, 6 do
  local silent = redis.call('ZRANGE', KEYS[i], '-inf', now - lifetime, 'BYSCORE', 'LIMIT', 0, ${EXPIRED_PER_SCRIPT})
  for _, entry in ipairs(silent) do
    redis.call('ZREM', KEYS[i], entry)
    forget(entry)
  end
  size[i] = redis.call('ZCARD', KEYS[i])
end
local function counts()
  return {size[3] + size[6], size[1] + size[2] + size[4] + size[5], size[2] + size[5], tonumber(redis.call('GET', KEYS[9]) or '0')}
end
`;

/** ARGV: lifetime. Answers seeds, leechers, partial seeds, downloads. */
export const SCRAPE_SCRIPT: string = `${COMMON}
return counts()
`;

/**
 * ARGV: lifetime, entry, id, class (0 stopped, 1 downloader, 2 partial seed, 3 seed), completed (0, 1), numwant, both
 * families (0, 1), ids wanted (0, 1), most of a swarm, most of an address, a random number below 2^31.
 * Answers counts, entries and ids of the one family, of the other.
 */
export const ANNOUNCE_SCRIPT: string = `${COMMON}
local entry, id, class = ARGV[2], ARGV[3], tonumber(ARGV[4])
local own = #entry == 6 and 0 or 3
local before = 0
for i = 1, 3 do
  if redis.call('ZSCORE', KEYS[own + i], entry) then before = i end
end
if class == 0 then
  if before > 0 then
    redis.call('ZREM', KEYS[own + before], entry)
    size[own + before] = size[own + before] - 1
    forget(entry)
  end
  return {counts(), '', '', '', ''}
end
local all = 0
for i = 1, 6 do all = all + size[i] end
local kept = before > 0
if not kept and all < tonumber(ARGV[9]) and tonumber(redis.call('HGET', KEYS[8], host(entry)) or '0') < tonumber(ARGV[10]) then
  kept = true
  redis.call('HINCRBY', KEYS[8], host(entry), 1)
end
if kept then
  if before ~= class then
    if before > 0 then
      redis.call('ZREM', KEYS[own + before], entry)
      size[own + before] = size[own + before] - 1
    end
    size[own + class] = size[own + class] + 1
  end
  redis.call('ZADD', KEYS[own + class], now, entry)
  local known = redis.call('HGET', KEYS[7], entry)
  local mark = known and string.sub(known, 21, 21) or '0'
  if ARGV[5] == '1' then
    if mark == '0' and before ~= 3 then redis.call('INCR', KEYS[9]) end
    mark = '1'
  end
  redis.call('HSET', KEYS[7], entry, id .. mark)
  for i = 1, 9 do redis.call('PEXPIRE', KEYS[i], lifetime) end
end
math.randomseed(tonumber(ARGV[11]))
local want = tonumber(ARGV[6])
local function sample(from, count)
  local last = class == 1 and 3 or 1
  local total = 0
  for i = 1, last do total = total + size[from + i] end
  local self = (kept and from == own and class <= last) and 1 or 0
  count = math.min(count, total - self)
  if count <= 0 then return {} end
  local chosen, left = {}, count
  for i = 1, last do
    local available = size[from + i]
    local selfHere = (self == 1 and i == class) and 1 or 0
    -- A share of this set's size, rounded up or down by chance; what the sets behind cannot give is taken here.
    local share = (available - selfHere) * left / math.max(1, total - self)
    local part = math.floor(share)
    if math.random() < share - part then part = part + 1 end
    part = math.max(part, left - (total - self - (available - selfHere)))
    part = math.min(part, available - selfHere, left)
    total = total - available
    self = self - selfHere
    if part > 0 then
      local drawn = redis.call('ZRANDMEMBER', KEYS[from + i], part + selfHere)
      local taken = 0
      for _, member in ipairs(drawn) do
        if taken < part and not (selfHere == 1 and member == entry) then
          chosen[#chosen + 1] = member
          taken = taken + 1
        end
      end
      left = left - taken
    end
  end
  return chosen
end
local function ids(chosen)
  if ARGV[8] ~= '1' or #chosen == 0 then return '' end
  local found = redis.call('HMGET', KEYS[7], unpack(chosen))
  for i = 1, #chosen do found[i] = found[i] and string.sub(found[i], 1, 20) or string.rep('\\0', 20) end
  return table.concat(found)
end
local mine = sample(own, want)
local others = ARGV[7] == '1' and sample(3 - own, want - #mine) or {}
return {counts(), table.concat(mine), ids(mine), table.concat(others), ids(others)}
`;
