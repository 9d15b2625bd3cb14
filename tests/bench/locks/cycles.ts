import { type Load, runScript } from "../wrk.ts";

/**
 * Acquires and releases random locks with wrk: each granted token is released by the next request
 * of the same thread. Half of the requests are acquires.
 *
 * @throws {Error} if wrk fails
 */
export async function runCycles(
  url: string,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly locks: number;
    readonly connections: number;
    readonly seconds: number;
  },
): Promise<Load> {
  const { headers, locks, connections, seconds } = options;
  const lines = Object.entries(headers).map(([name, value]) => `["${name}"] = "${value}"`);
  const lua = `
local acquire = { ["Content-Type"] = "application/json", ${lines.join(", ")} }
local granted = {}
function init() math.randomseed(os.time()) end
function request()
  local grant = table.remove(granted)
  if grant then
    local release = { ["Realmgate-Lock-Token"] = grant[2], ${lines.join(", ")} }
    return wrk.format("DELETE", "/v1/locks/" .. grant[1], release)
  end
  local lock = "/v1/locks/bench:" .. math.random(1, ${locks})
  return wrk.format("POST", lock, acquire, '{"ttlMs":10000}')
end
function response(status, headers, body)
  if status ~= 201 then return end
  local name, token = string.match(body, '"name":"([^"]+)"'), string.match(body, '"token":"(%x+)"')
  granted[#granted + 1] = { name, token }
end
`;
  return await runScript(url, { lua, connections, seconds });
}
